// "Did you mean …?" for a name that is not known. Plain JavaScript: set-up needs it before lib is compiled.
'use strict';

/**
 * The known names that a typing error turns into `name`, upper and lower case and punctuation aside, or that begin
 * with it.
 *
 * @param {string} name
 * @param {readonly string[]} known
 * @returns {string[]} closest first, at most three
 */
function nearMisses(name, known) {
  const limit = Math.max(1, Math.floor(name.length / 3));
  const typed = simplified(name);
  return known
    .map((candidate) => ({ candidate, distance: editDistance(typed, simplified(candidate)) }))
    .filter(({ candidate, distance }) => {
      const begins = typed.length >= 3 && simplified(candidate).startsWith(typed);
      return distance <= limit || begins;
    })
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/**
 * A remedy in words: the near misses, or everything that is known.
 *
 * @param {string} name
 * @param {readonly string[]} known
 * @returns {string}
 */
function suggest(name, known) {
  const near = nearMisses(name, known);
  if (near.length > 0) return `Did you mean ${near.join(' or ')}?`;
  return known.length > 0 ? `Known: ${known.join(', ')}.` : 'There are none.';
}

/** @param {string} name */
function simplified(name) {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn one text into the other.
 *
 * @param {string} a
 * @param {string} b
 */
function editDistance(a, b) {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 1; j <= b.length; j++) rows[0][j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}

module.exports = { nearMisses, suggest };
