// What an answer means. Guarantee 5: accepted is proved, never assumed.
import fc from 'fast-check';
import type { Answer } from '../../../connectors/contract.ts';
import { at, compiled, problemsOf, webhook } from '../support.ts';

const answer = (status: number, body: unknown = '', headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  mediaType: headers['content-type'] ?? 'application/json',
  text: typeof body === 'string' ? body : JSON.stringify(body),
  truncated: false,
});

const withRules = (rules: string, more = '') =>
  compiled(webhook('- {to: a, value: 1}', more).replace(/^response: .*$/m, `response:\n${rules}`)).classify;

const standard = withRules(
  [
    '  - {accepted: {status: 2xx, json: {success: true}}, reference: $.lead.id}',
    '  - {duplicate: {json: {error.code: DUPLICATE}}, reference: "$.errors[0].id"}',
    '  - {refused: {status: 409}, reason: programme_closed}',
    '  - {invalid: {status: [400, 422]}, reason: {path: $.error.code, map: {E12: phone_invalid, else: other}}}',
    '  - {throttled: {status: 503, header: {x-reason: quota}}, after: $.wait}',
  ].join('\n'),
);

test('the first rule that fits wins, and the reference is taken where the rule says', () => {
  expect(standard(answer(201, { success: true, lead: { id: 77 } }), 'create')).toEqual({
    kind: 'accepted',
    reference: '77',
    evidence: { status: 201, answerBytes: 33 },
  });
  expect(
    standard(answer(409, { error: { code: 'DUPLICATE' }, errors: [{ id: 'H-1' }] }), 'create'),
  ).toMatchObject({ kind: 'duplicate', reference: 'H-1' });
  expect(standard(answer(409, {}), 'create')).toMatchObject({ kind: 'refused', reason: 'programme_closed' });
});

test('equality is typed: "true" and 1 are not true', () => {
  for (const success of ['true', 1, 'OUI', null, [true]]) {
    expect(standard(answer(200, { success }), 'create')).toMatchObject({
      kind: 'unknown',
      reason: 'UNMATCHED_200',
    });
  }
});

test('a maintenance page with status 200, an empty 200 and a redirect are unknown, never accepted', () => {
  expect(
    standard(answer(200, '<html>Maintenance</html>', { 'content-type': 'text/html' }), 'create').kind,
  ).toBe('unknown');
  expect(standard(answer(200), 'create').kind).toBe('unknown');
  expect(standard(answer(302, '', { location: 'https://elsewhere.example' }), 'create')).toMatchObject({
    kind: 'unknown',
    reason: 'UNMATCHED_302',
  });
});

test('answers no rule knows: 401 and 403 hold, 429 waits, 408 and 5xx are retried, the rest is unknown', () => {
  const of = (status: number) => standard(answer(status), 'create');
  expect(of(401)).toMatchObject({ kind: 'unauthorized', reason: 'HTTP_401' });
  expect(of(403)).toMatchObject({ kind: 'unauthorized' });
  expect(of(429)).toMatchObject({ kind: 'throttled', reason: 'HTTP_429' });
  expect(of(408)).toMatchObject({ kind: 'unavailable', maybeReceived: true });
  expect(of(500)).toMatchObject({ kind: 'unavailable', reason: 'HTTP_500', maybeReceived: true });
  expect(of(404)).toMatchObject({ kind: 'unknown', reason: 'UNMATCHED_404' });
});

test("guarantee 7: a recipient's free text is never kept, mapped codes are", () => {
  expect(standard(answer(422, { error: { code: 'E12' } }), 'create')).toMatchObject({
    kind: 'invalid',
    reason: 'phone_invalid',
  });
  const quoting = standard(
    answer(422, { error: { code: 'le 0639980001 de Mme Durand est faux' } }),
    'create',
  );
  expect(quoting).toMatchObject({ kind: 'invalid', reason: 'other' });
  expect(JSON.stringify(quoting)).not.toContain('Durand');
});

/** What some systems give as the number of a record: a person, who would stand in addresses (guarantee 7). */
const persons = [
  'zoe@courriel.example',
  'zoe%40courriel.example',
  'zoe+1',
  '+33639980123',
  '0639980123',
  '0033639980123',
];

test('a reference is a short printable word or nothing', () => {
  for (const id of ['a b', 'x'.repeat(200), '', { a: 1 }, null, 'é', ...persons]) {
    expect(standard(answer(201, { success: true, lead: { id } }), 'create')).not.toHaveProperty('reference');
  }
});

test('a number too long for JSON keeps its digits: rounded, it names the record of somebody else', () => {
  const of = (id: string) => standard(answer(201, `{"success":true,"lead":{"id":${id}}}`), 'create');
  expect(of('9007199254740993')).toMatchObject({ kind: 'accepted', reference: '9007199254740993' });
  expect(of('123456789012345678901')).toMatchObject({ reference: '123456789012345678901' });
  expect(of('9007199254740991')).toMatchObject({ reference: '9007199254740991' });
  expect(of('9007199254740993.5')).not.toHaveProperty('reference');
  expect(of('1e300')).not.toHaveProperty('reference');
});

test('a yes in an answer that was not read to its end proves nothing where a rule looks into it', () => {
  const cut = { ...answer(200, `{"ok":true}${' '.repeat(100)}`), truncated: true };
  const large = { kind: 'unknown', reason: 'ANSWER_TOO_LARGE', saidYes: true };
  const text = withRules('  - {accepted: {status: 200, text: {contains: ok}}}');
  expect(text(cut, 'create')).toMatchObject(large);
  const json = withRules('  - {accepted: {status: 200, json: {ok: true}}}');
  expect(json(cut, 'create')).toMatchObject(large);
  const overruled = withRules(
    '  - {accepted: {status: 200}}\n  - {refused: {json: {error: true}}, reason: closed}',
  );
  expect(overruled(cut, 'create')).toMatchObject(large);
  expect(withRules('  - {accepted: {status: 200}}')(cut, 'create')).toMatchObject({ kind: 'accepted' });
});

describe('Retry-After', () => {
  const rule = withRules(
    '  - {accepted: {status: 201, json: {ok: true}}}\n  - {throttled: {status: 429}, after: header:Retry-After}',
  );
  const after = (headers: Record<string, string>) => {
    const outcome = rule(answer(429, '', headers), 'create');
    return outcome.kind === 'throttled' ? outcome.afterMs : outcome.kind;
  };
  test('in seconds', () => expect(after({ 'retry-after': '30' })).toBe(30_000));
  test("as a date, from the answer's own clock, else from ours", () => {
    const until = { 'retry-after': 'Tue, 24 Nov 2026 09:02:00 GMT' };
    expect(after({ ...until, date: 'Tue, 24 Nov 2026 09:01:00 GMT' })).toBe(60_000);
    expect(after(until)).toBe(Date.parse('2026-11-24T09:02:00Z') - at.getTime());
    expect(after({ 'retry-after': 'Tue, 24 Nov 2020 09:02:00 GMT' })).toBe(0);
  });
  test('nonsense is no delay', () => {
    for (const value of ['', 'soon', '-5', '1e9', 'Nope, 99'])
      expect(after({ 'retry-after': value })).toBeUndefined();
  });
  test('a fixed delay, or a place of the body in seconds', () => {
    expect(standard(answer(503, { wait: 2.5 }, { 'x-reason': 'QUOTA' }), 'create')).toMatchObject({
      kind: 'throttled',
      afterMs: 2_500,
    });
    const fixed = withRules(
      '  - {accepted: {status: 201, json: {ok: true}}}\n  - {unavailable: {status: 503}, after: 5m}',
    );
    expect(fixed(answer(503), 'create')).toMatchObject({ kind: 'unavailable', afterMs: 300_000 });
  });
});

test('XML, text and media type', () => {
  const rules = withRules(
    '  - {accepted: {status: 200, xml: {reponse.statut: "0", reponse.lead.@etat: [ok, cree]}}, reference: xml:reponse.lead.id}\n' +
      '  - {accepted: {status: 200, mediaType: text/plain, text: {contains: [OK, RECU]}}}\n' +
      '  - {refused: {json: {error: {exists: true}}}}',
  );
  const xml =
    '<?xml version="1.0"?><ns:reponse xmlns:ns="urn:x"><statut>0</statut><lead etat="cree"><id>0012</id></lead></ns:reponse>';
  expect(rules(answer(200, xml), 'create')).toMatchObject({ kind: 'accepted', reference: '0012' });
  expect(rules(answer(200, xml.replace('>0<', '>1<')), 'create').kind).toBe('unknown');
  expect(rules(answer(200, 'RECU 5/5', { 'content-type': 'text/plain; charset=utf-8' }), 'create').kind).toBe(
    'accepted',
  );
  expect(rules(answer(200, { error: null }), 'create').kind).toBe('refused');
  expect(rules(answer(200, {}), 'create').kind).toBe('unknown');
});

test('a look-up follows its own rules only; only they can say absent', () => {
  const text = webhook('- {to: a, value: 1}', 'onUnknown: lookup')
    .replace(
      'url: https://crm.demo.example/api}',
      'url: https://crm.demo.example/api, lookup: {url: "https://crm.demo.example/api?ref={key}"}}',
    )
    .replace(
      /^response: .*$/m,
      'response:\n  - {accepted: {status: 201, json: {ok: true}}}\n  - {accepted: {status: 200, json: {found: true}}, on: lookup, reference: $.id}\n' +
        '  - {absent: {status: 200, json: {found: false}}, on: lookup}\n  - {accepted: {status: 404, json: {gone: true}}, on: erase}',
    )
    .replace('status: 404, json: {gone: true}', 'json: {gone: true}');
  const mapping = compiled(text);
  expect(mapping.hasLookup).toBe(true);
  expect(mapping.retry.onUnknown).toBe('lookup');
  expect(mapping.classify(answer(200, { found: true, id: 'H-1' }), 'lookup')).toMatchObject({
    kind: 'accepted',
    reference: 'H-1',
  });
  expect(mapping.classify(answer(200, { found: false }), 'lookup').kind).toBe('absent');
  expect(mapping.classify(answer(201, { ok: true }), 'lookup').kind).toBe('unknown');
  expect(mapping.classify(answer(200, { found: true }), 'create').kind).toBe('unknown');
  expect(mapping.classify(answer(404), 'lookup').kind).toBe('unknown');
  expect(mapping.classify(answer(404, { gone: true }), 'erase').kind).toBe('accepted');
});

test('no answer makes it throw, and none is accepted without the proof of the rule', () => {
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constant('<a><b>'),
    fc.constant('{"success":'),
    fc.constant('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'),
  );
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), body, (status, text) => {
      const outcome = standard(answer(status, text), 'create');
      if (outcome.kind === 'accepted') expect((JSON.parse(text) as { success: unknown }).success).toBe(true);
    }),
  );
});

describe('a form that answers with a redirect', () => {
  const form = withRules(
    [
      '  - {accepted: {status: 302, header: {Location: {contains: action=added}}}}',
      '  - {duplicate: {status: 303, header: {Location: {matches: "*/leads/*?known=1"}}}}',
      '  - {refused: {status: 302, header: {x-reason: {exists: true}}}, reason: closed}',
    ].join('\n'),
  );
  const sent = (status: number, headers: Record<string, string>) =>
    form(answer(status, '', headers), 'create');

  test('its address proves acceptance where a rule names what stands in it', () => {
    expect(sent(302, { location: 'https://crm.demo.example/public/new.php?action=added' }).kind).toBe(
      'accepted',
    );
    expect(sent(302, { location: '/login.php' }).kind).toBe('unknown');
    expect(sent(200, { location: '?action=added' }).kind).toBe('unknown');
    expect(sent(302, {}).kind).toBe('unknown');
  });

  test('a pattern covers the whole value, letter case aside; only the star is special', () => {
    expect(sent(303, { location: 'https://crm.demo.example/Leads/42?known=1' }).kind).toBe('duplicate');
    expect(sent(303, { location: 'https://crm.demo.example/leads/42?known=1&x=2' }).kind).toBe('unknown');
    expect(sent(303, { location: 'https://crm.demo.example/leads/42_known=1' }).kind).toBe('unknown');
  });

  test('a header that is there and one that is not', () => {
    expect(sent(302, { 'x-reason': 'closed' })).toMatchObject({ kind: 'refused', reason: 'closed' });
    const bare = withRules(
      '  - {accepted: {status: 200, header: {x-error: {exists: false}, x-id: {matches: "H-*"}}}}',
    );
    expect(bare(answer(200, '', { 'x-id': 'H-7' }), 'create').kind).toBe('accepted');
    expect(bare(answer(200, '', { 'x-id': 'H-7', 'x-error': 'no' }), 'create').kind).toBe('unknown');
  });

  test('a pattern of many stars over a long address takes no longer than its length', () => {
    const many = withRules(
      `  - {accepted: {status: 302, header: {Location: {matches: "${'*a'.repeat(30)}*b"}}}}`,
    );
    expect(many(answer(302, '', { location: 'a'.repeat(60_000) }), 'create').kind).toBe('unknown');
  });

  test.each([
    '{accepted: {status: 302}}',
    '{accepted: {status: 3xx, header: {Location: {exists: true}}}}',
    '{accepted: {status: 302, header: {x-result: ok}}}',
    '{accepted: {status: 302, json: {ok: true}}}',
    '{accepted: {status: 302, header: {Location: {matches: "*"}}}}',
    '{accepted: {status: [302, 404], header: {Location: {contains: added}}}}',
  ])('%s proves nothing', (rule) => {
    const text = webhook('- {to: a, value: 1}').replace(/^response: .*$/m, `response: [${rule}]`);
    expect(problemsOf(text).join('\n')).toContain('MAP-502');
  });

  test('places of the body are compared with patterns as well', () => {
    const places = withRules(
      [
        '  - {accepted: {status: 200, json: {message: {matches: "lead * created"}}}}',
        '  - {refused: {css: {".msg": {matches: "*ferm*"}}}}',
      ].join('\n'),
    );
    expect(places(answer(200, { message: 'Lead 7 created' }), 'create').kind).toBe('accepted');
    expect(places(answer(200, { message: 'no lead 7 created' }), 'create').kind).toBe('unknown');
    expect(places(answer(200, '<html><p class="msg">Programme fermé</p></html>'), 'create').kind).toBe(
      'refused',
    );
  });
});

test('where nobody is asked but about decisions, no rule says that a lead is absent', () => {
  const deciding = (onUnknown: string, more = ''): string =>
    problemsOf(
      webhook('- {to: a, value: 1}', `onUnknown: ${onUnknown}`)
        .replace(
          /^send: .*$/m,
          "send: {url: https://crm.demo.example/api, lookup: {url: 'https://crm.demo.example/api/{reference}'}}",
        )
        .replace(
          /^response: .*$/m,
          [
            'response:',
            '  - {pending: {status: 201, json: {state: open}}, reference: $.id, on: [create, lookup]}',
            `  - {accepted: {status: [200, 201], json: {state: done}}, reference: $.id, on: [create${more}]}`,
          ].join('\n'),
        ),
    ).join('\n');
  expect(deciding('hold', ', lookup')).toBe('');
  expect(deciding('hold')).toMatch(/MAP-506 .*one of them accepted/);
  expect(deciding('lookup', ', lookup')).toMatch(/MAP-506 .*one of them absent/);
});

describe('asked: the record a search found is that of the lead', () => {
  const found = withRules(
    [
      '  - {accepted: {status: 201, json: {ok: true}}}',
      '  - {accepted: {status: 200, json: {"rows[0].ref": {asked: true}}}, on: lookup, reference: "$.rows[0].id"}',
      '  - {absent: {status: 200, json: {"rows[0]": {exists: false}}}, on: lookup}',
    ].join('\n'),
  );
  const rows = (ref: unknown, asked?: string): Answer => ({
    ...answer(200, { rows: [{ id: 7, ref }] }),
    ...(asked === undefined ? {} : { asked }),
  });

  test('the whole reference, with its letter case; a number as it is written', () => {
    expect(found(rows('DM-1', 'DM-1'), 'lookup')).toMatchObject({ kind: 'accepted', reference: '7' });
    expect(found(rows(1042, '1042'), 'lookup')).toMatchObject({ kind: 'accepted' });
  });

  test('of a list, such as the values of all fields of a record, one value is the whole reference', () => {
    expect(found(rows(['OUI', 'DM-1'], 'DM-1'), 'lookup')).toMatchObject({ kind: 'accepted' });
    expect(found(rows(['OUI', 'dm-1'], 'DM-1'), 'lookup').kind).toBe('unknown');
    expect(found(rows([['DM-10']], 'DM-1'), 'lookup').kind).toBe('unknown');
  });

  test.each([['DM-10'], ['dm-1'], ['DM-1 '], [null], [{ of: 'DM-1' }]])(
    '%j is another lead, which nobody took for this one',
    (ref) => {
      expect(found(rows(ref, 'DM-1'), 'lookup').kind).toBe('unknown');
    },
  );

  test('where it stands in a text, the whole line', () => {
    const line = withRules(
      [
        '  - {accepted: {status: 201, json: {ok: true}}}',
        '  - {accepted: {status: 200, json: {text: {asked: "Ref: {value}"}}}, on: lookup}',
        '  - {absent: {status: 404}, on: lookup}',
      ].join('\n'),
    );
    const kindOf = (text: string): string => line({ ...answer(200, { text }), asked: 'DM-1' }, 'lookup').kind;
    expect(kindOf('Nom: Durand\r\n Ref: DM-1 \r\n')).toBe('accepted');
    for (const text of ['Ref: DM-10', 'Nom: Ref: DM-1', 'DM-1', 'ref: DM-1'])
      expect(kindOf(text)).toBe('unknown');
  });

  test('an answer of which nobody knows whom it is about proves nothing', () => {
    expect(found(rows('DM-1'), 'lookup').kind).toBe('unknown');
  });

  describe('where no rule compares it, the record that was found is compared all the same', () => {
    const careless = withRules(
      [
        '  - {accepted: {status: 201, json: {ok: true}}}',
        '  - {accepted: {status: 200, json: {"rows[0].id": {exists: true}}}, on: lookup, reference: "$.rows[0].id"}',
        '  - {absent: {status: 200, json: {"rows[0]": {exists: false}}}, on: lookup}',
      ].join('\n'),
    );
    const found = (body: unknown, asked = 'DM-1') => careless({ ...answer(200, body), asked }, 'lookup');

    test.each([['dm-1'], ['DM-10'], ['X-DM-1'], ['DM-1_2']])('%j is another lead', (ref) => {
      expect(found({ rows: [{ id: 7, ref }] })).toMatchObject({
        kind: 'unknown',
        reason: 'REFERENCE_DIFFERS',
      });
    });

    test('accents count too, and so does which of two records it stands in', () => {
      expect(found({ rows: [{ id: 7, ref: 'Ete-1' }] }, 'Été-1').kind).toBe('unknown');
      const rows = [
        { id: 7, ref: 'dm-1' },
        { id: 8, ref: 'DM-1' },
      ];
      expect(found({ rows }).kind).toBe('unknown');
      expect(found({ rows: rows.toReversed() })).toMatchObject({ kind: 'accepted', reference: '8' });
    });

    test('ours is ours, deep in the record or in a line of a text; where none is shown, nothing is compared', () => {
      expect(found({ rows: [{ id: 7, more: { refs: ['DM-1'] } }] }).kind).toBe('accepted');
      expect(found({ rows: [{ id: 7, text: 'Nom: Durand\r\nRef: DM-1\r\n' }] }).kind).toBe('accepted');
      expect(found({ rows: [{ id: 7 }] }).kind).toBe('accepted');
    });
  });

  describe('in a list of all records, wherever it stands', () => {
    const listed = withRules(
      [
        '  - {accepted: {status: 201, json: {ok: true}}}',
        '  - accepted: {status: 200, json: {"leads[ref=asked].id": {exists: true}}}',
        '    reference: "$.leads[ref=asked].id"',
        '    on: lookup',
        '  - {absent: {status: 200, json: {"leads[ref=asked]": {exists: false}}}, on: lookup}',
      ].join('\n'),
    );
    const read = (body: unknown, asked = 'DM-1') => listed({ ...answer(200, body), asked }, 'lookup');
    const lead = (id: number, ref: unknown) => ({ id, ref });

    test('the record is found by its whole reference, and its own number is taken', () => {
      const leads = [lead(1, 'DM-10'), lead(2, 'dm-1'), lead(3, 'DM-1'), lead(4, 'DM-2')];
      expect(read({ leads })).toMatchObject({ kind: 'accepted', reference: '3' });
      expect(read({ leads }, 'DM-2')).toMatchObject({ kind: 'accepted', reference: '4' });
    });

    test('it is absent from a list without it, and from an empty one', () => {
      expect(read({ leads: [lead(1, 'DM-10'), lead(2, null)] }).kind).toBe('absent');
      expect(read({ leads: [] }).kind).toBe('absent');
    });

    test.each([[{}], [{ leads: null }], [{ leads: { ref: 'DM-1' } }], [[]], ['<html>']])(
      'without a list nothing is absent: %j',
      (body) => {
        expect(read(body).kind).toBe('unknown');
      },
    );

    test('half a list proves nothing', () => {
      const whole = answer(200, { leads: [lead(1, 'DM-10')] });
      const half = { ...whole, text: whole.text.slice(0, -4), truncated: true, asked: 'DM-1' };
      expect(listed(half, 'lookup').kind).toBe('unknown');
    });

    test('only the answer to a question is about a reference that was asked', () => {
      const rules = (rule: string) =>
        problemsOf(webhook('- {to: a, value: 1}').replace(/^response: .*$/m, `response:\n  - ${rule}`)).join(
          '\n',
        );
      expect(rules('{accepted: {status: 201, json: {"leads[ref=asked].id": {exists: true}}}}')).toMatch(
        /MAP-504 .*on: lookup/,
      );
      expect(
        rules('{accepted: {status: 201, json: {ok: true}}, reference: "$.leads[ref=asked].id"}'),
      ).toMatch(/MAP-505 .*on: lookup/);
    });
  });
});
