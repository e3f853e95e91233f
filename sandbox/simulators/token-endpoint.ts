// Issues the tokens of a simulated CRM: checks the parameters, limits their lifetime and their number.
// Invariant: a token is valid until it expires or is revoked; each CRM accepts and refuses in its own words.
import { randomBytes } from 'node:crypto';
import type { CrmAnswer, CrmRequest } from './simulator.ts';

export interface TokenWords {
  readonly given: (token: string, livesMs: number) => CrmAnswer;
  /** @param wrong the first parameter that is not the agreed one */
  readonly refused: (wrong: string) => CrmAnswer;
  readonly tooOften: CrmAnswer;
  /** A fault of its own, which the next request no longer meets. */
  readonly fault?: CrmAnswer;
}

export interface TokenEndpointOptions {
  readonly now: () => number;
  /** Parameters of a good request, with their values. */
  readonly agreed: Readonly<Record<string, string | RegExp>>;
  readonly livesMs: number;
  /** How many tokens it issues, within how many ms; no limit when absent. */
  readonly most?: { readonly tokens: number; readonly withinMs: number };
  readonly words: TokenWords;
}

export interface TokenEndpoint {
  readonly answer: (request: CrmRequest) => CrmAnswer;
  readonly letsIn: (token: string) => boolean;
  /** Revokes all issued tokens. */
  readonly takeBack: () => void;
  /** The next good request meets the endpoint's fault, where it has one. */
  readonly stumble: () => void;
  readonly complaints: () => readonly string[];
}

export function createTokenEndpoint(options: TokenEndpointOptions): TokenEndpoint {
  const { now, agreed, livesMs, most, words } = options;
  const endsAt = new Map<string, number>();
  let given: number[] = [];
  let stumbles = false;
  let tooOften = 0;
  return {
    answer: ({ body }) => {
      const asked = new URLSearchParams(body.toString('utf8'));
      const wrong = Object.entries(agreed).find(([name, value]) => !fits(asked.get(name) ?? '', value))?.[0];
      if (wrong !== undefined) return words.refused(wrong);
      if (stumbles && words.fault !== undefined) {
        stumbles = false;
        return words.fault;
      }
      given = given.filter((at) => most !== undefined && at > now() - most.withinMs);
      if (most !== undefined && given.length >= most.tokens) {
        tooOften += 1;
        return words.tooOften;
      }
      given.push(now());
      const token = randomBytes(18).toString('hex');
      endsAt.set(token, now() + livesMs);
      return words.given(token, livesMs);
    },
    letsIn: (token) => (endsAt.get(token) ?? 0) > now(),
    takeBack: () => endsAt.clear(),
    stumble: () => {
      stumbles = true;
    },
    complaints: () => (tooOften > 0 ? [`${tooOften} tokens were asked for beyond what it gives`] : []),
  };
}

const fits = (given: string, value: string | RegExp): boolean =>
  typeof value === 'string' ? given === value : value.test(given);

/** The token behind `word` in the authorization header; '' when there is none. */
export const tokenIn = ({ headers }: CrmRequest, word: string): string => {
  const [before, token = ''] = (headers['authorization'] ?? '').split(' ');
  return before === word ? token : '';
};
