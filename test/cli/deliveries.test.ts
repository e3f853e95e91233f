// relais delivery, replay, cancel: found by filter, told in plain words, sent again on purpose only.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let relais: Relais;
let refusing = true;

const idOf = async (reference: string): Promise<string> =>
  String((await gateway.states(`l.reference = '${reference}'`))[0]?.id ?? 0);
const stateOf = async (reference: string): Promise<string | undefined> =>
  (await gateway.states(`l.reference = '${reference}'`))[0]?.state;

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request, response) => {
    response.setHeader('content-type', 'application/json');
    const { ref } = JSON.parse(request.body.toString() || '{}') as { ref?: string };
    if (refusing && ref?.startsWith('NO-') === true) {
      response.statusCode = 422;
      response.end(JSON.stringify({ quoted: request.body.toString() }));
      return;
    }
    response.end(JSON.stringify({ success: true, id: `CRM-${ref ?? ''}` }));
  };
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
  await gateway.send(
    ...['OK-1', 'OK-2', 'NO-1', 'NO-2', 'NO-3'].map((reference) => leadRow(reference)),
    leadRow('WH-1', { consents: null }),
  );
  await gateway.until('all judged', async () => {
    const states = (await gateway.states()).map((one) => one.state);
    return states.length === 6 && states.every((one) => ['delivered', 'failed', 'withheld'].includes(one));
  });
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

/** References of a JSON list, sorted. */
async function listed(...filters: readonly string[]): Promise<readonly string[]> {
  const { out } = await relais('delivery', 'list', '--json', ...filters);
  const rows = out.split('\n').filter((line) => line !== '');
  return rows.map((line) => (JSON.parse(line) as { lead: string }).lead).sort();
}

describe('delivery list', () => {
  test.each([
    [
      ['--state', 'failed'],
      ['NO-1', 'NO-2', 'NO-3'],
    ],
    [['--state', 'withheld', '--reason', 'opt_in_missing'], ['WH-1']],
    [['--cause', 'opt_in_missing:marketing.email'], ['WH-1']],
    [
      ['--cause', 'refused'],
      ['NO-1', 'NO-2', 'NO-3'],
    ],
    [['--lead', 'OK-1'], ['OK-1']],
    [
      ['--client', 'essai', '--state', 'delivered'],
      ['OK-1', 'OK-2'],
    ],
    [
      ['--destination', 'essai-crm', '--since', '1h', '--until', '2099-01-01', '--state', 'failed'],
      ['NO-1', 'NO-2', 'NO-3'],
    ],
    [['--until', '2020-01-01'], []],
  ])('%j', async (filters, references) => {
    expect(await listed(...filters)).toEqual(references);
  });

  test('pages follow each other by the last id, without a gap', async () => {
    const seen: string[] = [];
    let page = await relais('delivery', 'list', '--limit', '4');
    for (let pages = 0; pages < 3; pages += 1) {
      seen.push(
        ...page.out
          .split('\n')
          .slice(1)
          .filter((line) => line !== ''),
      );
      const after = /more: --after (\d+)/.exec(page.err)?.[1];
      if (after === undefined) break;
      page = await relais('delivery', 'list', '--limit', '4', '--after', after);
    }
    expect(seen).toHaveLength(6);
    expect(new Set(seen.map((line) => line.split(' ')[0])).size).toBe(6);
  });

  test('the table is in one language, English, as its head and its codes are', async () => {
    const ran = await relais('delivery', 'list', '--state', 'failed');
    expect(ran.out).toMatch(/^delivery +destination +action +lead +state/);
    expect(ran.out).toContain('refused by the recipient');
  });

  test.each([
    [['--state', 'lost'], 'Allowed choices are planned'],
    [['--since', 'yesterday'], 'is not a date'],
    [['--limit', '0'], '1 to 1000'],
    [['--after', 'x'], 'not a whole number'],
  ])('%j is refused with 64', async (filters, message) => {
    const ran = await relais('delivery', 'list', ...filters);
    expect(ran).toMatchObject({ code: 64, out: '' });
    expect(ran.err).toMatch(/^USAGE-001 /);
    expect(ran.err).toContain(message);
  });
});

describe('delivery show', () => {
  test('tells a delivered one in French: to whom, under which right, with which opt-in and digest', async () => {
    const { out } = await relais('delivery', 'show', await idOf('OK-1'));
    expect(out).toContain('création du lead OK-1');
    expect(out).toContain('livrée — accepté par le destinataire');
    expect(out).toMatch(/Passage de relais : tentative 1 partie vers http:\/\/localhost:\d+\/leads/);
    expect(out).toContain('destinataire : Essai CRM (habilitation 1 « Contrat 1 »)');
    expect(out).toContain('opt-in : OPTIN = OUI (prospection par e-mail : accordé)');
    expect(out).toMatch(/empreinte : [0-9a-f]{64} \(\d+ octets\)/);
    expect(out).toContain('champs : ref, nom, tel, OPTIN');
    expect(out).toMatch(/Réponse : accepté \(200, \d+ ms\).*→ terminé/);
    for (const part of ['Lefèvre', '0639980123', 'zoe.lefevre']) expect(out).not.toContain(part);
  });

  test('by its key and in English it is the same story', async () => {
    const id = await idOf('NO-1');
    const key = /webhook-id\) +(\S+)/.exec((await relais('delivery', 'show', id)).out)?.[1] ?? '';
    const { out } = await relais('delivery', 'show', key, '--lang', 'en');
    expect(out).toContain(`Delivery ${id}: creation of lead NO-1`);
    expect(out).toContain('failed — refused by the recipient');
    expect(out).toContain(`Once repaired, replay: relais replay ${id}`);
  });

  test('a withheld one says why and what to do', async () => {
    const { out } = await relais('delivery', 'show', await idOf('WH-1'));
    expect(out).toContain('retenue — opt-in non enregistré (marketing.email)');
    expect(out).toContain('Rien n’est encore parti.');
    expect(out).toContain('relais lead show WH-1 --client essai');
  });

  test('one that does not exist is FIND-001', async () => {
    expect(await relais('delivery', 'show', '999999')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^FIND-001 No delivery has the number or key 999999\.\n→ /) as string,
    });
  });
});

describe('replay', () => {
  test('a dry run counts per planned answer and changes nothing', async () => {
    const ran = await relais('replay', '--destination', 'essai-crm', '--dry-run');
    expect(ran.out).toMatch(/ 3 {2}get a new run/);
    expect(ran.out).toMatch(/ 2 {2}refused: it is delivered already/);
    expect(ran.out).toMatch(/ 1 {2}is withheld and will be looked at again/);
    const again = await relais('replay', '--destination', 'essai-crm', '--again', '--dry-run');
    expect(again.out).toMatch(/ 2 {2}are delivered already and are sent again/);
    expect(await actionsOf(gateway, 'replayed')).toEqual([]);
    expect(await listed('--state', 'failed')).toHaveLength(3);
  });

  test('needs a reason, a target, and a confirmation when it is many', async () => {
    const filter = ['--state', 'failed', '--destination', 'essai-crm'];
    expect(await relais('replay', ...filter)).toMatchObject({
      code: 64,
      err: expect.stringMatching(/^USAGE-002 Say why/) as string,
    });
    expect((await relais('replay', '--reason', 'ticket 1')).err).toMatch(/^USAGE-001 Say what to replay/);
    expect((await relais('replay', '1', ...filter, '--reason', 'ticket 1')).err).toMatch(/not both/);
    const unasked = await relais('replay', ...filter, '--reason', 'ticket 1');
    expect(unasked).toMatchObject({ code: 64 });
    expect(unasked.err).toContain('3 deliveries will be replayed. Add --yes');
    expect(await actionsOf(gateway, 'replayed')).toEqual([]);
  });

  test('one by its number opens a new run, recorded with who and why', async () => {
    refusing = false;
    const id = await idOf('NO-1');
    const ran = await relais('replay', id, '--reason', 'ticket 4711, vu le 25/11/2026');
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('1 replayed, 0 refused.') as string });
    expect(await actionsOf(gateway, 'replayed')).toMatchObject([
      { actor: 'Sophie', purpose: 'ticket 4711, vu le 25/11/2026', delivery: Number(id) },
    ]);
    await gateway.until('delivered', async () => (await stateOf('NO-1')) === 'delivered');
    const story = await relais('delivery', 'show', id);
    expect(story.out).toContain('Rejeu demandé par Sophie : ticket 4711');
    expect(story.out).toContain('tentative 1, rejeu 1 partie vers');
  });

  test('one that is delivered needs to be asked for, and to be confirmed', async () => {
    const id = await idOf('NO-1');
    const refused = await relais('replay', id, '--reason', 'ticket 4711', '--yes');
    expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/^REPLAY-001 /) as string });
    const asked = await relais('replay', id, '--again', '--reason', 'ticket 4711');
    expect(asked).toMatchObject({ code: 64, err: expect.stringContaining('Add --yes') as string });
    expect(await actionsOf(gateway, 'replayed')).toHaveLength(1);
  });

  test('the rest by filter', async () => {
    const ran = await relais(
      ...['replay', '--destination', 'essai-crm', '--state', 'failed', '--cause', 'refused'],
      ...['--since', '1d', '--reason', 'ticket 4712', '--yes'],
    );
    expect(ran.out).toContain('2 replayed, 0 refused.');
    await gateway.until(
      'delivered',
      async () => (await stateOf('NO-2')) === 'delivered' && (await stateOf('NO-3')) === 'delivered',
    );
  });

  test('nothing that matches is said, and ends with 1', async () => {
    const ran = await relais('replay', '--state', 'failed', '--reason', 'ticket 5', '--yes');
    expect(ran).toMatchObject({
      code: 1,
      err: expect.stringContaining('FIND-001 No delivery matches') as string,
    });
  });
});

describe('cancel', () => {
  test('ends what waits, by number or key; what has ended already is named', async () => {
    const [held, done] = [await idOf('WH-1'), await idOf('OK-1')];
    const ran = await relais('cancel', held, done, '--reason', 'ticket 6');
    expect(ran).toMatchObject({ code: 1, out: expect.stringContaining('1 of 2 cancelled.') as string });
    expect(ran.err).toContain(
      `REPLAY-002 Not cancelled, being sent, at their end already, or opened again since they were counted: ${done}.`,
    );
    expect(await stateOf('WH-1')).toBe('cancelled');
    expect(await actionsOf(gateway, 'cancelled')).toMatchObject([
      { purpose: 'ticket 6', delivery: Number(held) },
    ]);
    expect((await relais('cancel', held)).code).toBe(64);
  });
});
