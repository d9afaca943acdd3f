/**
 * Puts a wrapper in the place of an object's member, for as long as a step runs.
 *
 * @param wrap Gets the plain member; a method has to be called with its object: `plain.call(target, …)`.
 * @returns Puts the plain member back.
 */
export function replaceMember<T extends object, Key extends keyof T>(
  target: T,
  key: Key,
  wrap: (plain: T[Key]) => T[Key],
): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(target, key);
  const value = wrap(target[key]);
  Object.defineProperty(target, key, {
    value,
    writable: true,
    configurable: true,
    enumerable: true,
  });
  return () => {
    if (descriptor === undefined) Reflect.deleteProperty(target, key);
    else Object.defineProperty(target, key, descriptor);
  };
}
