// Makes the rule that proves acceptance from the client's example of a successful answer (guarantee 5).
// Invariant: without an example the rule demands more than a status, and is marked as a guess.
import { isRecord } from '../document/yaml.ts';

export interface AnswerGuess {
  readonly rule: Readonly<Record<string, unknown>>;
  readonly why: string;
}

const success = /^(success|succes|ok|accepted|created|valid|status|statut|state|result|resultat)$/i;
const yes = /^(ok|success|succes|created|accepted|true|done|processed|queued|enregistre)$/i;
const id = /^(id|uuid|reference|ref|leadid|lead_id|contactid|contact_id|recordid|key)$/i;

/** Conditions that only an answer without a fault satisfies. */
const byProtocol: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  jsonRpc: { json: { result: { exists: true } } },
  xmlRpc: { xpath: { '//methodResponse/params': { exists: true } } },
  soap: { xpath: { '//Body/*': { exists: true } } },
};

export function guessAnswer(text: string | undefined, format: string): AnswerGuess {
  const held = byProtocol[format];
  if (text === undefined && held !== undefined)
    return {
      rule: { accepted: { status: 200, ...held } },
      why: 'any answer without a fault; name what only a success holds, and where its reference stands',
    };
  const mediaType = format === 'xml' ? 'application/xml' : 'application/json';
  if (text === undefined)
    return {
      rule: { accepted: { status: [200, 201], mediaType } },
      why: 'the answer to a lead is unknown; name what only a success holds, such as json: { success: true }, and reference: $.id',
    };
  const answer = parsed(text);
  if (answer === undefined)
    return {
      rule: { accepted: { status: [200, 201], mediaType } },
      why: 'the example answer is no JSON object',
    };
  const places = placesOf(answer, []);
  const proof = places.find(({ name, value }) =>
    typeof value === 'boolean'
      ? success.test(name) && value
      : typeof value === 'string' && success.test(name) && yes.test(value),
  );
  const reference = places.find(
    ({ name, value }) => id.test(name) && (typeof value === 'string' || typeof value === 'number'),
  );
  const condition =
    proof !== undefined
      ? { json: { [proof.path]: proof.value } }
      : reference !== undefined
        ? { json: { [reference.path]: { exists: true } } }
        : { mediaType };
  return {
    rule: {
      accepted: { status: '2xx', ...condition },
      ...(reference === undefined ? {} : { reference: `$.${reference.path}` }),
    },
    why: 'read from the example answer; only a success may look like this',
  };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

interface Place {
  readonly path: string;
  readonly name: string;
  readonly value: unknown;
}

function placesOf(group: Record<string, unknown>, path: readonly string[]): readonly Place[] {
  return Object.entries(group).flatMap(([name, value]) =>
    isRecord(value) ? placesOf(value, [...path, name]) : [{ path: [...path, name].join('.'), name, value }],
  );
}
