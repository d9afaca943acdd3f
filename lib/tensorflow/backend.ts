// The only file that names a tfjs package.
import * as tf from '@tensorflow/tfjs-node-gpu';

export { tf };
