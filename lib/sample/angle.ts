/**
 * Sine and cosine from additions and multiplications alone. ECMAScript leaves the last digits of
 * Math.sin to the engine; the generated pictures must have the same bytes on every engine, so
 * nothing that draws them calls Math.sin, Math.cos, Math.pow or Math.exp.
 */

const TAU = 6.283185307179586;

/** Sine of an angle in turns (1 turn = 360°), any finite value; absolute error below 1e-7. */
export function sine(turns: number): number {
  let turn = turns - Math.round(turns); // [-1/2, 1/2]
  if (turn > 0.25) turn = 0.5 - turn;
  else if (turn < -0.25) turn = -0.5 - turn;
  const x = turn * TAU; // [-π/2, π/2]
  const square = x * x;
  // Taylor series to x^11; the first term left out is (π/2)^13 / 13! = 5.7e-8.
  return (
    x *
    (1 -
      (square / 6) *
        (1 - (square / 20) * (1 - (square / 42) * (1 - (square / 72) * (1 - square / 110)))))
  );
}

/** Cosine of an angle in turns; absolute error below 1e-7. */
export function cosine(turns: number): number {
  return sine(turns + 0.25);
}
