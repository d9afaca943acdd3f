// What a search chooses from: a range or a list of values for each parameter.
import { checkOption, checkOptions, nonNegativeInteger, rule, text } from '../../../lib/options';
import { isObject } from '../../../lib/schema';
import { Problem } from '../program';
import { checkValues, type Parameter, type ParameterValues } from '../run/parameters';
import type { SweepPlan } from './plan';

/** Both ends belong to it; with `log` orders of magnitude are equally likely. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly log?: boolean;
  readonly integer?: boolean;
}

export type Choice = Range | readonly ParameterValues[string][];

const isRange = (choice: Choice): choice is Range => !Array.isArray(choice);
const choiceRule = rule(
  'a list of values, or a range with from < to; with log from > 0, with integer whole numbers',
  '{ from: 1e-4, to: 1e-1, log: true }',
  (value) => {
    if (!isObject(value)) return Array.isArray(value) && value.length > 0;
    const { from, to, log = false, integer = false, ...others } = value as unknown as Range;
    const isWhole = !integer || (Number.isInteger(from) && Number.isInteger(to));
    return from < to && (!log || from > 0) && isWhole && Object.keys(others).length === 0;
  },
);

/** @throws Error, or {@link Problem}, for a range that is none, an unknown parameter, or a value that it does not take. */
export function checkSearch(plan: SweepPlan, parameters: readonly Parameter[]): void {
  const { search = {}, maximise = {}, prune } = plan;
  checkOptions('maximise', maximise, { model: text, metric: text });
  const epochs = { fromTrial: nonNegativeInteger, fromEpoch: nonNegativeInteger };
  checkOptions('prune', prune ?? {}, epochs);
  for (const [name, choice] of Object.entries(search)) {
    checkOption('the plan', `search.${name}`, choice, choiceRule);
    const values = isRange(choice) ? [choice.from, choice.to] : choice;
    for (const value of values) checkValues(parameters, { [name]: value }, `search.${name}`);
  }
  const more = ['grid', 'list', 'seeds'].filter((key) => key in plan);
  if (more.length > 0) {
    throw new Problem(`A search chooses the values itself; received ${more.join(', ')} too.`, {
      remedy: 'Leave them out; what all trials have in common stands behind "set".',
    });
  }
  if (prune && !maximise.model) {
    throw new Problem('Pruning compares the epochs of one model; the plan names none.', {
      remedy: 'For example: maximise: { model: CNN }',
    });
  }
}

/** Of each parameter that is searched its own value, or the nearest that can be chosen. */
export function nearestValues(
  search: Readonly<Record<string, Choice>>,
  own: ParameterValues,
): ParameterValues {
  const nearest = ([name, choice]: [string, Choice]) => {
    const value = own[name];
    if (!isRange(choice)) return [name, choice.includes(value) ? value : choice[0]];
    const inside = Math.min(choice.to, Math.max(choice.from, Number(value)));
    return [name, choice.integer ? Math.round(inside) : inside];
  };
  return Object.fromEntries(Object.entries(search).map(nearest)) as ParameterValues;
}
