/** One line that is rewritten on a terminal; elsewhere a line for each case, not for each round. */
export function startProgress(stream: NodeJS.WriteStream = process.stderr): {
  say(text: string): void;
  clear(): void;
} {
  const startedAt = performance.now();
  let lastTopic = '';
  return {
    say(text) {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
      if (stream.isTTY) {
        stream.write(
          `\r\x1b[2K${`${seconds} s  ${text}`.slice(0, Math.max(20, stream.columns - 1))}`,
        );
        return;
      }
      const topic = text.split(':')[0];
      if (topic !== lastTopic) stream.write(`${seconds} s  ${topic} …\n`);
      lastTopic = topic;
    },
    clear() {
      if (stream.isTTY) stream.write('\r\x1b[2K');
    },
  };
}
