// Several calls for one delivery: a person and then a deal, resumed where it failed, never made twice.
import type { ServerResponse } from 'node:http';
import { resolve } from '../../src/delivery/outcome/resolve.ts';
import { cancel, replay } from '../support/replay.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { startHttpRecipient, type HttpRecipient, type Received } from '../connectors/servers/http.ts';
import { leadRow, openGateway, patient, strangerRow, webhookFiles, type Gateway } from './gateway.ts';
import { closed, open } from './hours.ts';
import { lapse, startProcess } from './process.ts';

let crm: HttpRecipient;
let gateway: Gateway;
const by = { actor: 'tester', reason: 'test' };

/** The CRM's mapping: an opt-out list, then a person with the opt-in, then a deal that names the person. */
const mapping = (
  over: { readonly person?: string; readonly deal?: string; readonly more?: string } = {},
): string => {
  const base = `http://localhost:${crm.port}`;
  return `destination: essai-crm
connector: webhook
send: { headers: { X-Team: essai } }
timeouts: { connect: 5s, response: 10s, total: 12s }
retry: [1s, 1s, 2s]
maxAge: 1h
consent:
  - { to: optin, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
  - { to: 'call:blacklist', channel: email, inverted: confirmed, values: { granted: omit, refused: send, not_asked: send, withdrawn: send } }
calls:
  - name: blacklist
    send: { url: '${base}/blacklist' }
    fields: [{ to: email, from: identity.email, required: true }]
  - name: person
    send: { url: '${base}/persons' }
    fields:
      - { to: nom, from: identity.lastName, required: true }
      - { to: external, from: delivery.key }
    capture: { id: [$.data.id, $.existing] }
    response: [{ duplicate: { status: 409 } }]
    ${over.person ?? ''}
  - name: deal
    send: { url: '${base}/persons/{person.id}/deals' }
    fields:
      - { to: person_id, from: calls.person.id }
      - { to: ref, from: id }
      - { to: programme, from: project.programme }
    capture: { id: $.data.id }
    ${over.deal ?? ''}
response:
  - { accepted: { status: [200, 201], json: { success: true } }, reference: $.data.id }
  - { refused: { status: 422 } }
update:
  calls:
    - { name: blacklist, send: { url: '${base}/blacklist' }, fields: [{ to: email, from: identity.email }] }
    - { name: person, send: { method: PATCH, url: '${base}/persons/{person.id}' }, fields: [{ to: nom, from: identity.lastName }] }
erase:
  calls:
    - { name: deal, send: { method: DELETE, url: '${base}/deals/{deal.id}' } }
    - { name: person, send: { method: DELETE, url: '${base}/persons/{person.id}' } }
${over.more ?? ''}`;
};

const publish = (text = mapping()): Promise<unknown> => {
  gateway.file('essai/crm.yaml', text);
  return gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'a version' });
};
/** Of a recipient that answers when the test has done something first. */
const unhurried = (text = mapping()): string => patient({ 'essai/crm.yaml': text })['essai/crm.yaml'] ?? '';
const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const made = (response: ServerResponse, id: unknown): void =>
  json(response, 201, { success: true, data: { id } });

type Answer = (request: Received, response: ServerResponse) => void;
/** Answers by the last word of the path; what is not given is made. */
const answers = (own: Readonly<Record<string, Answer>> = {}): void => {
  crm.answer = (request, response) => {
    const word = request.url.split('/').findLast((part) => /^[a-z]+$/.test(part)) ?? '';
    const given = own[`${request.method} ${word}`] ?? own[word];
    if (given !== undefined) given(request, response);
    else made(response, word === 'persons' ? 7001 : word === 'deals' ? 'D-9' : 1);
  };
};
const lines = (): string[] => crm.received.map((one) => `${one.method} ${one.url}`);
const bodyOf = (at: number): unknown => JSON.parse(crm.received.at(at)?.body.toString() ?? 'null');
const keyOf = (at: number): string => String(crm.received.at(at)?.headers['idempotency-key']);
const stateOf = async (reference: string, action = 'create'): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`))
    .map((row) => `${row.state}:${row.reason}`)
    .join(' | ');
const until = (reference: string, action: string, wanted: RegExp): Promise<void> =>
  gateway.until(`${reference} ${action} ${wanted.source}`, async () =>
    wanted.test(await stateOf(reference, action)),
  );
/** The same; a try whose time has not come is due at once. */
const soon = (reference: string, action: string, wanted: RegExp): Promise<void> =>
  gateway.soon(`${reference} ${wanted.source}`, async () => wanted.test(await stateOf(reference, action)));
const log = async (): Promise<string[]> =>
  (
    await gateway.owner.all<{ entry: string; call_name: string; outcome: string; next_step: string }>(
      'SELECT entry, call_name, outcome, next_step FROM handovers WHERE delivery_id > 0 ORDER BY id',
    )
  ).map((one) =>
    [one.entry, one.call_name, one.outcome, one.next_step].filter((part) => part !== '').join(' '),
  );
const consentRow = (reference: string, state: string): IntakeValues => ({
  client_id: 'essai',
  kind: 'consent',
  reference,
  row_reference: `${reference}-${state}`,
  consents: JSON.stringify([
    { purpose: 'marketing', channel: 'email', state, recordedAt: new Date().toISOString() },
  ]),
});

beforeEach(async () => {
  crm = await startHttpRecipient();
  answers();
  const files = { ...webhookFiles(crm.port) };
  gateway = await openGateway({ files, environment: { RELAIS_LEASE_MS: '8500' } });
  await publish();
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

test.each([
  ['closes', closed(), 'outside_hours'],
  ['has had its hour', 'limits: { perHour: 1 }', 'throttled:RATE_HOUR'],
])(
  'a delivery between two of its calls is brought to its end though its destination %s; others wait',
  async (_what, then, told) => {
    const before = then.startsWith('limits') ? 'limits: { perHour: 100 }' : open;
    const calls = (more: string): string =>
      mapping({ more }).replace('retry: [1s, 1s, 2s]', 'retry: [1h, 1h]');
    let isDown = true;
    answers({ deals: (_request, response) => (isDown ? json(response, 503, {}) : made(response, 'D-9')) });
    await publish(calls(before));
    await gateway.start('planner', 'worker');
    await gateway.send(leadRow('K-1'));
    await until('K-1', 'create', /^waiting:retry/);
    await publish(calls(then));
    isDown = false;
    await gateway.send(strangerRow('K-2'));
    await until('K-2', 'create', new RegExp(`^waiting:${told}`));
    // Its next try is an hour away; the test brings it forward.
    await soon('K-1', 'create', /^delivered/);
    expect(lines()).toEqual(['POST /persons', 'POST /persons/7001/deals', 'POST /persons/7001/deals']);
  },
);

test('a person and then a deal: each call is its own passage de relais, and ids of one answer feed the next', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-1'));
  await until('C-1', 'create', /^delivered:accepted$/);
  expect(lines()).toEqual(['POST /persons', 'POST /persons/7001/deals']);
  expect(bodyOf(0)).toMatchObject({ nom: 'Lefèvre', optin: 'OUI' });
  // A number stays a number.
  expect(bodyOf(1)).toEqual({ person_id: 7001, ref: 'C-1', programme: 'ES-LYON' });
  const [delivery] = await gateway.owner.all<{ key: string; reference: string }>(
    'SELECT delivery_key AS `key`, recipient_reference AS reference FROM deliveries',
  );
  expect(crm.received.map((one) => one.headers['webhook-id'])).toEqual([
    `${delivery?.key}-person`,
    `${delivery?.key}-deal`,
  ]);
  expect(delivery?.reference).toBe('D-9');
  expect(await log()).toEqual([
    'departed person',
    'outcome person accepted continue',
    'departed deal',
    'outcome deal accepted done',
  ]);
  const digests = await gateway.owner.all<{ n: number }>(
    "SELECT COUNT(DISTINCT digest) AS n FROM handovers WHERE entry = 'departed'",
  );
  expect(digests[0]?.n).toBe(2);
});

test('a call that fails is tried again alone, under its own key; the person is never made twice', async () => {
  let deals = 0;
  answers({
    deals: (_request, response) => {
      deals += 1;
      if (deals < 3) response.writeHead(500).end();
      else made(response, 'D-1');
    },
  });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-2'));
  await soon('C-2', 'create', /^delivered/);
  expect(lines()).toEqual(['POST /persons', ...Array<string>(3).fill('POST /persons/7001/deals')]);
  expect(new Set([keyOf(1), keyOf(2), keyOf(3)]).size).toBe(1);
  expect(keyOf(0)).not.toBe(keyOf(1));
  expect(new Set([1, 2, 3].map((at) => crm.received[at]?.body.toString())).size).toBe(1);
});

test('a known person is no obstacle: the id of a duplicate feeds the deal', async () => {
  answers({ persons: (_request, response) => json(response, 409, { existing: 'P-old' }) });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-3'));
  await until('C-3', 'create', /^delivered:accepted$/);
  expect(bodyOf(1)).toMatchObject({ person_id: 'P-old' });
  expect((await log())[1]).toBe('outcome person duplicate continue');
});

test('a yes without the id stops there, is not sent again blindly, and support decides', async () => {
  answers({ persons: (_request, response) => json(response, 201, { success: true, data: {} }) });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-4'));
  await until('C-4', 'create', /^waiting:unknown_hold:CAPTURE_MISSING$/);
  // Longer than any retry of the file takes, by the database's own word; and what came later has left in between.
  const [held] = await gateway.owner.all<{ hours: number }>(
    'SELECT COALESCE(TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(3), due_at), 99) AS hours FROM deliveries',
  );
  expect(held?.hours).toBeGreaterThan(1);
  await gateway.send(leadRow('C-4b', { email: 'autre.personne@courriel.example' }));
  await until('C-4b', 'create', /^waiting:unknown_hold:CAPTURE_MISSING$/);
  expect(lines()).toEqual(['POST /persons', 'POST /persons']);
  expect(keyOf(0)).not.toBe(keyOf(1));
  const alerts = await gateway.owner.all<{ kind: string }>('SELECT kind FROM alerts');
  expect(alerts).toEqual([{ kind: 'support_decides' }, { kind: 'support_decides' }]);
});

test('what support decides is not sent again blindly after it was cancelled or has expired, whatever the file says of unknown outcomes', async () => {
  answers({
    persons: (request, response) =>
      /C-4d/.test(request.body.toString())
        ? made(response, 7001)
        : json(response, 201, { success: true, data: {} }),
    deals: (_request, response) => void response.destroy(),
  });
  await publish(
    mapping({ deal: 'onUnknown: hold' }).replace('external, from: delivery.key', 'external, from: id'),
  );
  await gateway.start('planner', 'worker');
  for (const reference of ['C-4c', 'C-4d', 'C-4e']) {
    await gateway.send(strangerRow(reference));
    await until(reference, 'create', /^waiting:unknown_hold/);
  }
  const ids = (await gateway.states()).map(({ id }) => id);
  const [first, second, third = 0] = ids;
  await cancel(gateway.app.database, [first ?? 0, second ?? 0], by);
  await gateway.owner.run('UPDATE deliveries SET expires_at = UTC_TIMESTAMP(3) WHERE id = ?', [third]);
  await until('C-4e', 'create', /^failed:expired/);
  const sent = lines().length;
  const refused = ids.map((id) => ({ id, done: 'refused', why: 'undecided' }));
  expect(await replay(gateway.app, ids, by)).toEqual(refused);
  expect(lines()).toHaveLength(sent);
  // With an answer, or with doubles accepted, it leaves.
  await resolve(gateway.app, third, { actor: 'tester', evidence: 'ticket 12', received: false });
  expect((await replay(gateway.app, [third], by))[0]).toMatchObject({ done: 'new_run' });
  expect((await replay(gateway.app, [first ?? 0], { ...by, acceptDoubles: true }))[0]).toMatchObject({
    done: 'new_run',
  });
});

test('a refused deal leaves the person noted: the replay resumes at the deal, under a new key', async () => {
  let refusing = true;
  answers({
    deals: (_request, response) => (refusing ? json(response, 422, {}) : made(response, 'D-5')),
  });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-5'));
  await until('C-5', 'create', /^failed:refused/);
  refusing = false;
  // A corrected mapping writes what is left of it.
  await publish(mapping().replace('programme, from: project.programme', 'programme, value: corrected'));
  const [row] = await gateway.states();
  await replay(gateway.app, [row?.id ?? 0], by);
  await until('C-5', 'create', /^delivered/);
  expect(lines()).toEqual(['POST /persons', 'POST /persons/7001/deals', 'POST /persons/7001/deals']);
  expect(bodyOf(2)).toMatchObject({ person_id: 7001, programme: 'corrected' });
  expect(keyOf(2)).toBe(`${keyOf(1)}.r2`);
});

test('what was delivered is sent again as a whole when support replays it, under the same keys', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-6'));
  await until('C-6', 'create', /^delivered/);
  const [row] = await gateway.states();
  await replay(gateway.app, [row?.id ?? 0], { ...by, again: true });
  await gateway.until('sent again', () => crm.received.length === 4);
  await until('C-6', 'create', /^delivered/);
  expect([keyOf(2), keyOf(3)]).toEqual([keyOf(0), keyOf(1)]);
});

test.each([
  ['what is there is not made again', ['persons', 'deals'], []],
  ['what is gone is', ['persons'], ['POST /persons/7001/deals']],
  ['in an order of its own', ['deals'], ['POST /persons']],
])(
  'what was delivered by calls with look-ups is asked about, call by call, when support replays it: %s',
  async (_what, there, made_) => {
    const find = `lookup: { url: 'http://localhost:${crm.port}/find/{key}' } }`;
    await publish(
      mapping({ person: 'onUnknown: lookup', deal: 'onUnknown: lookup' })
        .replace("/persons' }", `/persons', ${find}`)
        .replace("/{person.id}/deals' }", `/{person.id}/deals', ${find}`)
        .replace(
          'response:\n  - { accepted: { status: [200',
          'response:\n  - { absent: { status: 404 }, on: lookup }\n  - { accepted: { status: 200 }, on: lookup }\n  - { accepted: { status: [200',
        ),
    );
    await gateway.start('planner', 'worker');
    await gateway.send(leadRow('C-18'));
    await until('C-18', 'create', /^delivered/);
    const id = { persons: 7001, deals: 'D-9' } as const;
    crm.answer = (request, response) => {
      const asked = request.url.endsWith('-deal') ? 'deals' : 'persons';
      if (request.method !== 'GET')
        return made(response, request.url.endsWith('deals') ? id.deals : id.persons);
      if (there.includes(asked)) json(response, 200, { success: true, data: { id: id[asked] } });
      else json(response, 404, {});
    };
    const before = crm.received.length;
    const [row] = await gateway.states();
    await replay(gateway.app, [row?.id ?? 0], { ...by, again: true });
    await soon('C-18', 'create', /^delivered/);
    const again = lines().slice(before);
    expect(again.filter((line) => line.startsWith('POST'))).toEqual(made_);
    expect(
      new Set(again.filter((line) => line.startsWith('GET')).map((line) => line.split('-').at(-1))),
    ).toEqual(new Set(['person', 'deal']));
  },
);

test('C16: consent withdrawn between two calls: the next one does not carry the old yes, and an update follows', async () => {
  let withdraw: (() => Promise<void>) | undefined;
  answers({
    persons: (_request, response) => {
      void (async () => {
        await withdraw?.();
        made(response, 7001);
      })();
    },
  });
  // The deal carries the opt-in as well.
  await publish(
    unhurried()
      .replace('- { to: person_id,', '- { consent: optin }\n      - { to: person_id,')
      .replace(
        '- { to: nom, from: identity.lastName, required: true }',
        '- { consent: optin }\n      - { to: nom, from: identity.lastName, required: true }',
      ),
  );
  withdraw = async () => {
    await gateway.send(consentRow('C-7', 'withdrawn'));
    await gateway.until('withdrawn', async () => {
      const [consent] = await gateway.owner.all("SELECT 1 FROM consents WHERE state = 'withdrawn'");
      return consent !== undefined;
    });
    withdraw = undefined;
  };
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-7'));
  await until('C-7', 'create', /^delivered/);
  await until('C-7', 'update', /^delivered/);
  expect(lines()).toEqual([
    'POST /persons',
    // The withdrawal sends the call that puts the address on the opt-out list, as soon as it is known.
    'POST /blacklist',
    'POST /persons/7001/deals',
    'POST /blacklist',
    'PATCH /persons/7001',
  ]);
  expect(bodyOf(0)).toMatchObject({ optin: 'OUI' });
  expect(bodyOf(2)).toMatchObject({ optin: 'RETRAIT' });
  expect(bodyOf(4)).toMatchObject({ optin: 'RETRAIT' });
});

test('C22: erased between two calls: no further call leaves, and the erase takes back what was made', async () => {
  let erase: (() => Promise<unknown>) | undefined = () =>
    gateway.app.rights.erase({ clientId: 'essai', reference: 'C-8', ...by });
  answers({
    persons: (_request, response) => {
      void (async () => {
        await erase?.();
        erase = undefined;
        made(response, 7001);
      })();
    },
  });
  await publish(unhurried());
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-8'));
  await until('C-8', 'create', /^cancelled:erased$/);
  await until('C-8', 'erase', /^delivered/);
  // The deal was never made: there is none to erase.
  expect(lines()).toEqual(['POST /persons', 'DELETE /persons/7001']);
  const left = await gateway.owner.all<{ n: number }>(
    'SELECT COUNT(*) AS n FROM delivery_calls WHERE captures IS NOT NULL',
  );
  expect(left[0]?.n).toBe(0);
});

test('an erase does not pretend: where the deal may be there and nobody knows its id, a person asks the client', async () => {
  answers({ deals: (_request, response) => void response.destroy() });
  await publish(mapping({ deal: 'onUnknown: hold' }));
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-9'));
  await until('C-9', 'create', /^waiting:unknown_hold/);
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'C-9', ...by });
  await until('C-9', 'erase', /^failed:manual_erasure_required$/);
  expect(lines().filter((line) => line.startsWith('DELETE'))).toEqual([]);
  // The ids stay: the erase can be replayed once support knows.
  const left = await gateway.owner.all<{ n: number }>(
    'SELECT COUNT(*) AS n FROM delivery_calls WHERE captures IS NOT NULL',
  );
  expect(left[0]?.n).toBe(1);
});

test('an update uses the ids of the create, and a refusal is told to the opt-out list first', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-10'));
  await until('C-10', 'create', /^delivered/);
  await gateway.send(consentRow('C-10', 'withdrawn'));
  await until('C-10', 'update', /^delivered/);
  expect(lines().slice(2)).toEqual(['POST /blacklist', 'PATCH /persons/7001']);
  expect(bodyOf(3)).toEqual({ nom: 'Lefèvre', optin: 'RETRAIT' });
  const sent = await gateway.owner.all<{ consents: string }>(
    "SELECT consents FROM handovers WHERE entry = 'departed' AND call_name = 'blacklist'",
  );
  expect(sent[0]?.consents).toContain('"field":"call:blacklist","value":"send"');
});

test('a call of unknown outcome follows its own onUnknown: asked by its look-up, and not made again', async () => {
  await publish(
    mapping({ deal: 'onUnknown: lookup' })
      .replace(
        "/{person.id}/deals' }",
        `/{person.id}/deals', lookup: { url: 'http://localhost:${crm.port}/find/{key}' } }`,
      )
      .replace(
        'response:\n  - { accepted: { status: [200',
        'response:\n  - { accepted: { status: 200, json: { found: true } }, on: lookup }\n  - { absent: { status: 404 }, on: lookup }\n  - { accepted: { status: [200',
      ),
  );
  answers({
    deals: (_request, response) => void response.destroy(),
    find: (_request, response) => json(response, 200, { found: true, data: { id: 'D-7' } }),
  });
  crm.answer = (
    (answer) => (request: Received, response: ServerResponse, raw) =>
      request.method === 'GET'
        ? json(response, 200, { found: true, data: { id: 'D-7' } })
        : answer(request, response, raw)
  )(crm.answer);
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-11'));
  await soon('C-11', 'create', /^delivered/);
  expect(lines().map((line) => line.replace(/[0-9a-f-]{36}/, 'KEY'))).toEqual([
    'POST /persons',
    'POST /persons/7001/deals',
    'GET /find/KEY-deal',
  ]);
  expect(await log()).toEqual([
    'departed person',
    'outcome person accepted continue',
    'departed deal',
    'outcome deal unknown retry',
    'lookup deal accepted done',
  ]);
});

test('a look-up that twice does not know the call lets it leave, and that call only', async () => {
  await publish(
    mapping({ person: 'onUnknown: lookup' })
      .replace("/persons' }", `/persons', lookup: { url: 'http://localhost:${crm.port}/find/{key}' } }`)
      .replace(
        'response:\n  - { accepted: { status: [200',
        'response:\n  - { absent: { status: 404 }, on: lookup }\n  - { accepted: { status: [200',
      ),
  );
  let persons = 0;
  crm.answer = (request, response) => {
    if (request.method === 'GET') return json(response, 404, {});
    if (!request.url.endsWith('/persons')) return made(response, 'D-1');
    persons += 1;
    if (persons === 1) response.destroy();
    else made(response, 7001);
  };
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-12'));
  await until('C-12', 'create', /^delivered/);
  expect(lines().map((line) => line.split(' ')[0])).toEqual(['POST', 'GET', 'GET', 'POST', 'POST']);
});

test('a worker killed while its second call is on its way: outcome unknown, and only that call is sent again', async () => {
  let hanging = true;
  answers({ deals: (_request, response) => (hanging ? undefined : made(response, 'D-2')) });
  await publish(unhurried());
  await gateway.start('planner');
  const first = startProcess(gateway, 'worker');
  try {
    await gateway.send(leadRow('C-13'));
    await gateway.until('the deal is on its way', () => crm.received.length === 2);
  } finally {
    first.child.kill('SIGKILL');
    await first.exit;
  }
  await lapse(gateway);
  hanging = false;
  await gateway.start('worker');
  await soon('C-13', 'create', /^delivered/);
  expect(lines()).toEqual(['POST /persons', 'POST /persons/7001/deals', 'POST /persons/7001/deals']);
  expect(keyOf(2)).toBe(keyOf(1));
  expect(await log()).toContain('outcome_unknown deal unknown retry');
});

test('a process that stops between two calls loses nothing: another goes on with the second', async () => {
  // The delivery stands as it does when its worker dies right after the first call was settled.
  await gateway.start('planner', 'worker');
  let held = true;
  answers({ deals: (_request, response) => (held ? response.writeHead(503).end() : made(response, 'D-3')) });
  await publish(mapping().replace(/retry: .*/, 'retry: [1h]'));
  await gateway.send(leadRow('C-14'));
  // A lease that lapsed on a busy machine waits too, before the first call.
  await gateway.until('the second call was refused', () => Promise.resolve(lines().length === 2));
  await until('C-14', 'create', /^waiting:retry/);
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'queued', reason = 'next_call', queued_at = TIMESTAMPADD(HOUR, -1, UTC_TIMESTAMP(3)), lease_until = NULL",
  );
  held = false;
  await until('C-14', 'create', /^delivered/);
  expect(lines()).toEqual(['POST /persons', 'POST /persons/7001/deals', 'POST /persons/7001/deals']);
});

test('a mapping published between two calls does not mix: the delivery ends with the version that began it', async () => {
  let publishing: Promise<unknown> | undefined;
  answers({
    persons: (_request, response) => {
      publishing ??= publish(unhurried().replace('- { to: ref, from: id }', '- { to: dossier, from: id }'));
      void publishing.then(() => made(response, 7001));
    },
  });
  await publish(unhurried());
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-15'));
  await until('C-15', 'create', /^delivered/);
  expect(bodyOf(1)).toMatchObject({ ref: 'C-15' });
  await gateway.send(leadRow('C-16'));
  await until('C-16', 'create', /^delivered/);
  expect(bodyOf(3)).toMatchObject({ dossier: 'C-16' });
});

test('a destination that made one call and now makes several ends what has begun the way it began', async () => {
  await publish(webhookFiles(crm.port)['essai/crm.yaml']?.replace(/retry: .*/, 'retry: [1h]'));
  let broken = true;
  crm.answer = (request, response) => {
    if (request.url === '/leads')
      return broken ? void response.destroy() : json(response, 200, { success: true, id: 'L-1' });
    made(response, 'X');
  };
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-17'));
  await until('C-17', 'create', /^waiting/);
  await publish();
  broken = false;
  await soon('C-17', 'create', /^delivered/);
  expect(new Set(lines())).toEqual(new Set(['POST /leads']));
});

test('C20: a withdrawal after the second of two calls was refused reaches who has the first', async () => {
  answers({ deals: (_request, response) => json(response, 422, { success: false }) });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('W-1'));
  await until('W-1', 'create', /^failed:refused/);
  answers();
  await gateway.send(consentRow('W-1', 'withdrawn'));
  await until('W-1', 'update', /^delivered:accepted$/);
  expect(lines().slice(-2)).toEqual(['POST /blacklist', 'PATCH /persons/7001']);
  expect(bodyOf(-1)).toMatchObject({ optin: 'RETRAIT' });
});
