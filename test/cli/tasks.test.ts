// What needs a person is listed and closed; what does not send at the moment is said, not promised.
import { appendHandovers } from '../../src/store/log/handovers.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let relais: Relais;
let stopAll: readonly { readonly stop: () => Promise<void> }[] = [];

const why = ['--reason', 'ticket 31'] as const;
const evidence = ['--evidence', 'mail of 2026-11-20'] as const;
const idOf = async (reference: string): Promise<string> =>
  String((await gateway.states(`l.reference = '${reference}'`))[0]?.id ?? 0);
const tasksOf = async (...more: readonly string[]): Promise<readonly string[]> =>
  (await relais('task', 'list', '--json', ...more)).out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { task: string }).task);

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request, response) => {
    response.setHeader('content-type', 'application/json');
    const { ref } = JSON.parse(request.body.toString() || '{}') as { ref?: string };
    response.statusCode = ref?.startsWith('NO-') === true ? 422 : 200;
    response.end(JSON.stringify({ success: response.statusCode === 200, id: `CRM-${ref ?? ''}` }));
  };
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  stopAll = await gateway.start('planner', 'worker');
  await gateway.send(...['OK-1', 'NO-1', 'NO-2', 'NO-3'].map((reference) => leadRow(reference)));
  await gateway.until('all judged', async () => {
    const states = (await gateway.states()).map((one) => one.state);
    return states.length === 4 && states.every((one) => ['delivered', 'failed'].includes(one));
  });
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

test('status says which processes run, and that nothing moves when none does', async () => {
  await gateway.until('both roles seen', async () =>
    (await relais('status')).out.includes('1 planner, 1 worker'),
  );
  expect((await relais('status')).out).toMatch(/^tasks {4}3 failed deliveries to look at/m);
});

test('a failed delivery is a task with what can be done, until it is closed with reason and evidence', async () => {
  const [one, two, three] = [await idOf('NO-1'), await idOf('NO-2'), await idOf('NO-3')];
  expect([...(await tasksOf())].sort()).toEqual([one, two, three].sort());
  const listed = (await relais('task', 'list')).out;
  expect(listed).toContain(`relais replay ${one} --reason`);
  expect(await relais('task', 'close', one, ...why)).toMatchObject({ code: 64 });
  expect(await relais('task', 'close', one, ...why, '--evidence', 'call 06 39 98 00 12')).toMatchObject({
    code: 64,
  });
  expect((await relais('task', 'close', one, ...why, ...evidence)).out).toContain('1 closed.');
  expect([...(await tasksOf())].sort()).toEqual([two, three].sort());
  expect(await actionsOf(gateway, 'closed')).toMatchObject([
    { delivery: Number(one), purpose: 'ticket 31; evidence: mail of 2026-11-20' },
  ]);
  expect((await relais('status')).out).toMatch(/^tasks {4}2 failed deliveries/m);
  const story = (await relais('delivery', 'show', one)).out;
  expect(story).toContain('Classée par Sophie : ticket 31');
  expect(story).toContain('Rien : elle est classée.');
  expect((await relais('task', 'close', one, ...why, ...evidence)).out).toBe('0 closed, 1 closed already.\n');
  expect((await relais('delivery', 'list', '--open', '--json')).out).not.toContain('"NO-1"');
});

test('an answer that comes after the closing does not bring the advice back', async () => {
  const one = await idOf('NO-1');
  await gateway.app.database.transaction((tx) =>
    appendHandovers(tx, [
      { entry: 'late', clientId: 'essai', destinationId: 'essai-crm', deliveryId: Number(one) },
    ]),
  );
  const story = (await relais('delivery', 'show', one)).out;
  expect(story).toContain('Réponse tardive, sans effet');
  expect(story).toContain('Rien : elle est classée.');
});

test('what is not failed is not closed, and then nothing is', async () => {
  const [delivered, failed] = [await idOf('OK-1'), await idOf('NO-2')];
  const ran = await relais('task', 'close', failed, delivered, ...why, ...evidence);
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toContain(`TASK-001 Not failed, so there is nothing to close: ${delivered} (delivered).`);
  expect(await tasksOf()).toContain(failed);
});

test('a closed delivery that is replayed and fails again is a task again', async () => {
  const one = await idOf('NO-1');
  await relais('replay', one, ...why);
  await gateway.until('failed again', async () => {
    const [row] = await gateway.owner.all<{ state: string; run: number }>(
      'SELECT state, run FROM deliveries WHERE id = ?',
      [one],
    );
    return row?.state === 'failed' && row.run === 2;
  });
  expect(await tasksOf()).toContain(one);
});

test('an alert that asks for somebody is a task of its own, and closes', async () => {
  await gateway.owner.run(
    "INSERT INTO alerts (kind, client_id, reason) VALUES ('intake_failed', 'essai', 'ROW')",
  );
  const [task] = (await tasksOf()).filter((one) => one.startsWith('A'));
  expect((await relais('task', 'list')).out).toMatch(
    /^A\d+ .*intake_failed.*\n +Tell operations; .*\n +relais lead refusals --client essai$/m,
  );
  expect((await relais('alert', 'list', '--kind', 'intake_failed')).out).toContain(task);
  expect((await relais('task', 'close', task ?? '', ...why, ...evidence)).out).toContain('1 closed.');
  expect(await tasksOf()).not.toContain(task);
  expect((await relais('task', 'close', task ?? '', ...why, ...evidence)).err).toContain(
    'TASK-001 No open alert',
  );
});

test('many are closed by filter, once their number was confirmed', async () => {
  const filter = ['--destination', 'essai-crm', '--cause', 'refused', ...why, ...evidence];
  expect(await relais('task', 'close', ...filter)).toMatchObject({ code: 64 });
  expect((await relais('task', 'close', ...filter, '--yes')).out).toContain('3 closed.');
  expect(await tasksOf()).toEqual([]);
  expect((await relais('task', 'list')).out).toBe('Nothing needs a person.\n');
});

test.each([
  [
    ['delivery', 'list', '--destination', 'esai-crm'],
    'No destination is called esai-crm. Did you mean essai-crm?',
  ],
  [['delivery', 'list', '--client', 'esai'], 'No client is called esai. Did you mean essai?'],
  [['delivery', 'list', '--cause', 'refuse'], 'No cause is called refuse. Did you mean refused?'],
  [['delivery', 'list', '--lead', 'OK-404'], 'No client has a lead with the reference OK-404.'],
  [['task', 'list', '--destination', 'typo'], 'No destination is called typo.'],
  [['replay', '--destination', 'esai-crm', ...why], 'No destination is called esai-crm.'],
])('a name that does not exist is told, not answered with an empty list: %j', async (argv, message) => {
  const ran = await relais(...argv);
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toContain(`FIND-001 ${message}`);
});

test('a person is found by the beginning of a name, whatever the capitals and accents', async () => {
  const { out } = await relais('lead', 'find', '--name', 'lefev', '--client', 'essai', '--json', ...why);
  expect(out).toContain('"reference":"OK-1"');
  expect(out).not.toContain('Lefèvre');
  const none = await relais('lead', 'find', '--name', '%', '--client', 'essai', ...why);
  expect(none.err).toContain('--name has two letters at least');
  expect((await relais('lead', 'find', '--name', 'l%', ...why)).err).toBe(
    'Aucun lead trouvé par nom. / No lead found by last name.\n',
  );
  expect(JSON.stringify(await actionsOf(gateway, 'looked_up'))).not.toMatch(/lef/i);
});

test('who finds nothing is told what was looked for, and not the value', async () => {
  const asked = ['--email', 'nobody@courriel.example', '--phone', '06 39 98 77 77', '--reference', 'NO-1'];
  const { err, out, code } = await relais('lead', 'find', ...asked, ...why);
  expect({ err, out, code }).toEqual({
    err: 'Aucun lead trouvé par adresse e-mail, téléphone et référence. / No lead found by mail address, phone, and reference.\n',
    out: '',
    code: 1,
  });
});

const seen = (role: string): Promise<unknown> =>
  gateway.owner.run(
    "INSERT INTO processes (name, role, version, started_at, seen_at) VALUES ('h:1', ?, '0', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
    [role],
  );

test('an erasure names the other leads of the same person, and who asked for it stands with the lead', async () => {
  const erased = await relais(
    'lead',
    'erase',
    'OK-1',
    '--client',
    'essai',
    ...why,
    '--identity',
    'seen',
    '--yes',
  );
  expect(erased.err).toMatch(/Not erased, but with the same e-mail or phone: .*NO-1/);
  const lead = (await relais('lead', 'show', 'OK-1', '--client', 'essai')).out;
  expect(lead).toMatch(/^Reçu le .* : Formulaire internet$/m);
  expect(lead).toMatch(/Droits exercés\n.*effacement, par Sophie : demande de droits \d+/);
});

describe('while a destination does not send', () => {
  test('the story names what has to happen first, and a replay says that it waits', async () => {
    await relais('destination', 'suspend', 'essai-crm', ...why);
    await gateway.send(leadRow('SU-1'));
    await gateway.until(
      'waiting',
      async () => (await gateway.states("l.reference = 'SU-1'"))[0]?.state === 'waiting',
    );
    const id = await idOf('SU-1');
    const shown = (await relais('delivery', 'show', id)).out;
    expect(shown).toMatch(/Prochain essai +à la reprise de la destination, suspendue \(ticket 31\)/);
    // A dispatcher that has not read of the suspension yet takes it up once more.
    let ran = await relais('replay', id, ...why);
    await gateway.until('brought forward', async () => {
      if (ran.code !== 0) ran = await relais('replay', id, ...why);
      return ran.code === 0;
    });
    expect(ran.out).toContain('essai-crm is suspended: ticket 31; what is replayed waits');
    expect(ran.err).toContain('Nothing leaves for a destination that is named above until it sends again.');
  });

  test('an open circuit is no promise of a moment that has passed', async () => {
    for (const one of stopAll) await one.stop();
    await gateway.owner.run("UPDATE destinations SET status = 'active'");
    await gateway.owner.run('UPDATE destination_states SET circuit = ?, held = 1', [
      JSON.stringify({
        state: 'open',
        cause: 'unavailable',
        failing: [],
        rejected: [],
        openedAt: 1,
        nextProbeAt: 2,
        probes: 3,
        allowance: 0,
      }),
    ]);
    const show = async (): Promise<string> =>
      (await relais('delivery', 'show', await idOf('SU-1'), '--lang', 'en')).out;
    expect(await show()).toMatch(/Next try +none: the gateway does not run/);
    await seen('planner');
    expect(await show()).toMatch(/Next try +none: no worker runs/);
    await seen('worker');
    const shown = await show();
    expect(shown).toMatch(
      /Next try +when the destination, held at present \(it does not answer, or with errors\), accepts again; one lead is tried now/,
    );
    expect(shown).not.toMatch(/\b1970\b/);
    expect((await relais('destination', 'list')).out).not.toMatch(/\b1970\b/);
    expect((await relais('delivery', 'list', '--lead', 'SU-1')).out).toMatch(/due$/m);
    await gateway.owner.run('DELETE FROM processes');
    expect((await relais('status')).out).toMatch(/^runs {5}NOTHING RUNS/m);
    await seen('planner');
    await seen('worker');
  });

  test('told to slow down, or careful after a start: the words say so, and promise only what is to come', async () => {
    const circuit = { state: 'closed', cause: '', failing: [], rejected: [], probes: 0, allowance: 0 };
    const set = (more: object): Promise<unknown> =>
      gateway.owner.run('UPDATE destination_states SET circuit = ?, held = 1', [
        JSON.stringify({ ...circuit, ...more }),
      ]);
    const id = await idOf('SU-1');
    await set({ quietUntil: Date.now() + 600_000, throttles: 3, pace: 1 });
    expect((await relais('delivery', 'show', id, '--lang', 'en')).out).toMatch(
      /Next try +not before .*: the recipient asks to slow down, 3 times in a row; then one lead at a time/,
    );
    expect((await relais('status')).out).toMatch(/essai-crm keeps quiet until .*asks to slow down/);
    expect((await relais('destination', 'list')).out).toMatch(/closed +nothing before /);
    expect((await relais('replay', id, '--dry-run')).out).toContain('what is replayed waits until then');
    expect((await relais('delivery', 'show', id)).out).toContain(
      'Rien : elle part automatiquement. Plus tôt, si le',
    );
    await set({ quietUntil: 2, untried: true });
    expect((await relais('delivery', 'show', id)).out).toMatch(
      /Prochain essai +à son tour, un lead à la fois : rien n’a encore été accepté/,
    );
    expect((await relais('status')).out).toContain(
      'essai-crm sends one lead at a time: nothing is accepted yet',
    );
    const replayed = await relais('replay', id, '--dry-run');
    expect(replayed.out).toContain('what is replayed leaves in its turn');
    await gateway.owner.run('DELETE FROM processes');
  });
});

test('an attempt that our own missing secret ended is told as ours, and nothing as departed', async () => {
  await gateway.owner.run("UPDATE destinations SET status = 'active'");
  const id = await idOf('NO-2');
  await gateway.owner.run(
    `INSERT INTO handovers (at, entry, client_id, destination_id, delivery_id, run, attempt, target, connector, outcome, reason)
     VALUES (UTC_TIMESTAMP(6), 'departed', 'essai', 'essai-crm', ?, 9, 1, '127.0.0.1', 'webhook', '', ''),
            (UTC_TIMESTAMP(6), 'outcome', 'essai', 'essai-crm', ?, 9, 1, '', '', 'unauthorized', 'SECRET_MISSING')`,
    [id, id],
  );
  const shown = (await relais('delivery', 'show', id)).out;
  expect(shown).toContain('Tentative 1, rejeu 8 préparée pour 127.0.0.1 ; rien n’est parti');
  expect(shown).toContain('réglage de la passerelle : le secret que nomme le format n’est pas déposé');
  expect(shown).not.toContain('accès refusé');
});

test('a dry run refuses what the replay would refuse: a refused create whose lead got a new one', async () => {
  const id = await idOf('NO-3');
  await gateway.owner.run(
    `INSERT INTO deliveries (client_id, destination_id, lead_id, revision, action, delivery_key, state, due_at, expires_at)
     SELECT client_id, destination_id, lead_id, revision + 1, 'create', UUID(), 'planned', due_at, expires_at FROM deliveries WHERE id = ?`,
    [id],
  );
  const dry = await relais('replay', id, '--dry-run');
  expect(dry.out).toContain('refused: a newer revision has replaced it');
  expect(dry.out).not.toMatch(/gets? a new run/);
  expect(await relais('replay', id, ...why)).toMatchObject({ code: 1 });
});

test('a destination that is held needs a person, as one that is suspended does; what was archived does not', async () => {
  const failed = await gateway.owner.all("SELECT id FROM deliveries WHERE state = 'failed'");
  expect(failed.length).toBeGreaterThan(0);
  const about = async (): Promise<string> => {
    const { out } = await relais('task', 'list', '--client', 'essai');
    return /^essai-crm {2}(?:is .*\n.*)$/m.exec(out)?.[0] ?? '';
  };
  const status = (text: string) => gateway.owner.run('UPDATE destinations SET status = ?', [text]);
  await status('active');
  await gateway.owner.run('UPDATE destination_states SET circuit = ?, held = 1', [
    JSON.stringify({
      state: 'open',
      cause: 'unauthorized',
      failing: [],
      rejected: [],
      probes: 0,
      allowance: 0,
    }),
  ]);
  expect(await about()).toMatch(
    /^essai-crm {2}is held: it refuses our access.*\n +relais destination test essai-crm$/,
  );
  await status('suspended');
  expect(await about()).toMatch(
    /^essai-crm {2}is suspended.*\n +relais destination resume essai-crm --reason "\.\.\."$/,
  );
  await status('archived');
  expect(await about()).toBe('');
});

// Last: the gateway's own connections refuse all work from here on.
test('C44: the state says that a restored backup waits to be opened', async () => {
  expect((await relais('status')).out).not.toContain('READS ONLY');
  await gateway.owner.run("INSERT INTO restores (backup) VALUES ('2026-11-24T030000Z')");
  expect((await relais('status')).out).toMatch(/^READS ONLY: .*`relais restore open`/m);
  expect(JSON.parse((await relais('status', '--json')).out)).toMatchObject({
    readsOnly: true,
    restorePending: true,
  });
  expect((await relais('destination', 'suspend', 'essai-crm', '--reason', 'ticket 14')).err).toMatch(
    /DB-007.*`relais restore open`/s,
  );
});
