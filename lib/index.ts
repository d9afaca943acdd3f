export { tf } from './tensorflow/backend';
