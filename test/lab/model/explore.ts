// Every reachable state of the protocol's model, each visited once, and the shortest way to a broken one.
// Invariant: breadth first, without a limit: when it ends, no other state exists.
import { nextStates } from './protocol.ts';
import { first, isBroken, keyOf, type Rules, type State } from './state.ts';

export interface Explored {
  readonly states: number;
  /** The steps that lead to a broken state; undefined: none is reachable. */
  readonly broken: readonly string[] | undefined;
}

interface Reached {
  readonly state: State;
  readonly step: string;
  readonly from: Reached | undefined;
}

export function explore(rules: Rules): Explored {
  const seen = new Set([keyOf(first(rules))]);
  let edge: readonly Reached[] = [{ state: first(rules), step: 'a lead is planned', from: undefined }];
  while (edge.length > 0) {
    const next: Reached[] = [];
    for (const from of edge) {
      if (isBroken(from.state)) return { states: seen.size, broken: stepsTo(from) };
      for (const [step, state] of nextStates(from.state, rules)) {
        const key = keyOf(state);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push({ state, step, from });
      }
    }
    edge = next;
  }
  return { states: seen.size, broken: undefined };
}

function stepsTo(reached: Reached): readonly string[] {
  const steps: string[] = [];
  for (let at: Reached | undefined = reached; at !== undefined; at = at.from) steps.unshift(at.step);
  return steps;
}
