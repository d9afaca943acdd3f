/**
 * A readable file name from a title: `Worst mistakes – CIFAR-10` is `worst-mistakes-cifar-10`. Letters of
 * other scripts stay, everything that a file system or a shell could take otherwise becomes a hyphen.
 */
export function fileNameOf(title: string): string {
  const name = title
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');
  return [...name].slice(0, 80).join('') || 'figure';
}
