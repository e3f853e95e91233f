// Several rules that fit, statuses that say nothing of the lead, promises that are not kept: never a yes by accident.
import type { Answer } from '../../../connectors/contract.ts';
import { decide } from '../../../src/domain/verdict.ts';
import { compiled, problemsOf, webhook } from '../support.ts';

const answer = (status: number, body: unknown = '', headers: Record<string, string> = {}): Answer => ({
  ...{ status, headers, mediaType: 'application/json', truncated: false },
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const fileWith = (...rules: readonly string[]): string =>
  webhook('- {to: a, value: 1}').replace(
    /^response: .*$/m,
    `response:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`,
  );
const withRules = (...rules: readonly string[]) => {
  const { classify } = compiled(fileWith(...rules));
  return (status: number, body: unknown = '', stage: 'create' | 'update' | 'lookup' = 'create') =>
    classify(answer(status, body), stage);
};
const told = (...rules: readonly string[]): readonly string[] =>
  problemsOf(fileWith(...rules)).filter((problem) => /MAP-51\d/.test(problem));

describe('no before yes', () => {
  test('an accepted rule above the rule for an error does not take the error', () => {
    const of = withRules(
      '{accepted: {status: 200, mediaType: application/json}}',
      '{invalid: {json: {status: error}}, reason: bad}',
    );
    expect(of(200, { status: 'error' })).toMatchObject({ kind: 'invalid', reason: 'bad' });
    expect(of(200, { status: 'ok' }).kind).toBe('accepted');
  });

  test('a rule for the rest below does not take what the exception above it takes', () => {
    const of = withRules('{accepted: {status: 201, json: {ok: true}}}', '{refused: {status: 2xx}}');
    expect(of(201, { ok: true }).kind).toBe('accepted');
    expect(of(200, { ok: true }).kind).toBe('refused');
    const all = withRules('{accepted: {status: 201, json: {ok: true}}}', '{unknown: {}}');
    expect(all(201, { ok: true }).kind).toBe('accepted');
  });

  test('of two rules with the same conditions the no counts, and the check says that the yes is never said', () => {
    const rules = [
      '{accepted: {status: 201, json: {ok: true}}}',
      '{refused: {status: 201, json: {ok: true}}}',
    ];
    expect(told(...rules)).toEqual([
      'mappings/demo/crm.yaml:5:6  MAP-510  this rule is never reached: an answer such as 201 with ok: true is taken for refused by another rule.',
    ]);
  });

  test('a code that says duplicate says more than a status', () => {
    const of = withRules(
      '{accepted: {status: 201, json: {ok: true}}}',
      '{duplicate: {json: {code: DUPLICATE}}}',
      '{refused: {status: 409}}',
    );
    expect(of(409, { code: 'DUPLICATE' }).kind).toBe('duplicate');
    expect(of(409, {}).kind).toBe('refused');
  });
});

describe('a status that says nothing of the lead', () => {
  const rules = [
    '{accepted: {status: 2xx, json: {ok: true}}}',
    '{invalid: {json: {error: {exists: true}}}, reason: bad}',
    '{refused: {status: [4xx, 500-599]}}',
  ];
  test.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [407, 'unauthorized'],
    [408, 'unavailable'],
    [425, 'unavailable'],
    [429, 'throttled'],
    [500, 'unavailable'],
    [503, 'unavailable'],
    [502, 'unknown'],
    [504, 'unknown'],
    [422, 'invalid'],
  ])('%s is %s, whatever the body, unless a rule names it', (status, kind) => {
    expect(withRules(...rules)(status, { error: 1 }).kind).toBe(kind);
    const named = `{refused: {status: ${status}, json: {error: 1}}, reason: named}`;
    expect(withRules(named, ...rules)(status, { error: 1 })).toMatchObject({
      kind: 'refused',
      reason: 'named',
    });
  });

  test('a 502 or 504 after the request left is unknown even where 5xx is unavailable, and counts as an outage', () => {
    const of = withRules('{accepted: {status: 201, json: {ok: true}}}', '{unavailable: {status: 5xx}}');
    expect(of(504)).toMatchObject({ kind: 'unknown', reason: 'HTTP_504', outage: true });
    expect(of(503).kind).toBe('unavailable');
    expect(of(504, '', 'lookup').kind).toBe('unavailable');
    expect(
      withRules('{accepted: {status: 201, json: {ok: true}}}', '{unavailable: {status: 504}}')(504).kind,
    ).toBe('unavailable');
    const { verdict, signal } = decide(
      of(504),
      { spent: 1, circuitClosed: true, maybeReceived: false, hasLookup: true, pendingSinceMs: 0 },
      { delays: [5_000], onUnknown: 'lookup', maxRetryAfterMs: 1, pendingForMs: 1, pendingEveryMs: 1 },
      () => 0.5,
    );
    expect(verdict).toMatchObject({ next: 'retry', lookup: true });
    expect(signal).toBe('unavailable');
  });

  test('a rule that says wait takes what it names by its body', () => {
    const of = withRules('{accepted: {status: 201, json: {ok: true}}}', '{throttled: {json: {code: QUOTA}}}');
    expect(of(503, { code: 'QUOTA' }).kind).toBe('throttled');
    expect(of(403, { code: 'QUOTA' }).kind).toBe('throttled');
  });
});

test('a create that promises a reference and gives none is unknown; a change needs none', () => {
  const of = withRules('{accepted: {status: 2xx, json: {ok: true}}, reference: $.id}');
  expect(of(201, { ok: true })).toMatchObject({ kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN' });
  expect(of(201, { ok: true, id: null })).toMatchObject({ kind: 'unknown', reason: 'REFERENCE_NOT_GIVEN' });
  const { verdict } = decide(
    of(201, { ok: true }),
    { spent: 1, circuitClosed: true, maybeReceived: false, hasLookup: false, pendingSinceMs: 0 },
    { delays: [5_000], onUnknown: 'resend', maxRetryAfterMs: 1, pendingForMs: 1, pendingEveryMs: 1 },
    () => 0.5,
  );
  expect(verdict).toEqual({ next: 'hold', reason: 'unknown_hold:REFERENCE_NOT_GIVEN' });
  expect(of(201, { ok: true, id: 7 })).toMatchObject({ kind: 'accepted', reference: '7' });
  expect(of(200, { ok: true }, 'update').kind).toBe('accepted');
});

describe('the check', () => {
  test.each([
    ['unknown: {}', 'unknown'],
    ['refused: {status: 201}', 'refused'],
    ['unavailable: {status: 2xx}', 'unavailable'],
  ])('says that {%s} above accepted leaves nothing to accept', (rule, kind) => {
    expect(told(`{${rule}}`, '{accepted: {status: 201, json: {ok: true}}}')).toEqual([
      `mappings/demo/crm.yaml:6:6  MAP-510  this rule is never reached: an answer such as 201 with ok: true is taken for ${kind} by another rule.`,
    ]);
  });

  test('says which answer a yes without a word about the body would have taken', () => {
    expect(told('{accepted: {status: 2xx}}', '{invalid: {json: {status: error}}, reason: bad}')).toEqual([
      'mappings/demo/crm.yaml:5:6  MAP-511  warning: an answer such as 200 with status: "error" fits this rule and the one for invalid below: it is taken for invalid, a no precedes a yes. Put that one above.',
    ]);
    expect(told('{accepted: {status: 2xx}}', '{duplicate: {json: {code: DUP}}, reference: $.id}')).toEqual([
      'mappings/demo/crm.yaml:5:6  MAP-511  warning: an answer such as 200 with code: "DUP" fits this rule and the one for duplicate below: it is taken for accepted, the first of the two counts. Put that one above.',
    ]);
  });

  test('says that a duplicate behind a wider accepted rule is never reached', () => {
    expect(
      told(
        '{accepted: {status: 2xx, json: {id: {exists: true}}}}',
        '{duplicate: {status: 200, json: {id: {exists: true}, known: true}}, reference: $.id}',
      ),
    ).toHaveLength(1);
  });

  test('is silent where each rule has its own answers', () => {
    expect(
      told(
        '{accepted: {status: 201, json: {ok: true}}}',
        '{duplicate: {json: {code: DUP}}}',
        '{refused: {status: 409}}',
        '{invalid: {status: [400, 422]}, reason: bad}',
        '{throttled: {status: 429}, after: header:Retry-After}',
        '{unavailable: {status: 5xx}}',
        '{unknown: {}}',
      ),
    ).toEqual([]);
  });
});
