// What the console says: a run's filter and who asked in words, refusals in the reader's language, no command of the terminal,
// alerts of one kind on one line; and a destination drawn, its figures beside it.
import { alertAdvice, alertKinds, isTask } from '../../src/domain/alert-kinds.ts';
import { raiseAlerts } from '../../src/store/alerts/alerts.ts';
import { browserOf, type Browser } from './desk.ts';
import { hostile, openFilledDesk, type FilledDesk } from './filled.ts';

let desk: FilledDesk;
let support: Browser;
beforeAll(async () => {
  desk = await openFilledDesk({ failures: 4 });
  support = await desk.signedIn('support');
});
afterAll(() => desk.close());

const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const mainOf = (text: string): string => plain(/<main[\s\S]*<\/main>/.exec(text)?.[0] ?? '');

test('a run says in words what was asked and by whom', async () => {
  desk.repair();
  const form = { destination: 'essai-crm', state: 'failed', cause: 'refused', from: '2026-01-01' };
  const begun = await support.post('/replay', { ...form, reason: 'ticket 90', number: '4' });
  const page = mainOf((await support.get(begun.to)).text);
  expect(page).toMatch(
    /Ce qui était demandé Destination essai-crm État échec Cause refusé par le destinataire refused Du 01\/01\/2026 00:00:00/,
  );
  expect(page).toMatch(/Demandé par personne-\d+/);
  expect(page).not.toMatch(/[{}"]|account:\d/);
  expect(mainOf((await support.get('/runs')).text)).toMatch(/personne-\d+ ticket 90/);
  await desk.gateway.until('replayed', async () =>
    (await desk.gateway.states()).every(({ state }) => state === 'delivered'),
  );
  const delivery = mainOf((await support.get(`/deliveries/${await desk.idOf('KO-0')}`)).text);
  expect(delivery).toMatch(/Rejeu demandé par personne-\d+ : ticket 90/);
});

test('a destination is drawn by hour and by day, and each figure stands in the table beside it', async () => {
  await desk.gateway.until(
    'hours counted',
    async () =>
      Number(
        (
          await desk.gateway.owner.all<{ n: number | null }>(
            "SELECT SUM(count) AS n FROM destination_hours WHERE what = 'delivered'",
          )
        )[0]?.n,
      ) >= 6,
  );
  const { text } = await support.get('/destinations/essai-crm');
  expect(text.match(/<svg [^>]*role="img"/g)).toHaveLength(4);
  expect(text).toMatch(/<rect\s+class="fill good"/);
  expect(text).toMatch(/<rect\s+class="fill bad"/);
  expect(text).not.toMatch(/\sstyle=/);
  const [, hours = ''] =
    /Les chiffres : Les dernières 24 heures<\/summary>([\s\S]*?)<\/table>/.exec(text) ?? [];
  const rows = [...hours.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(([, row = '']) => plain(row).trim());
  expect(rows).toHaveLength(25);
  const counted = rows.slice(1).map((row) => row.split(' ').slice(2, 4).map(Number));
  expect(counted.reduce((sum, [delivered = 0]) => sum + delivered, 0)).toBe(6);
  expect(counted.reduce((sum, [, failed = 0]) => sum + failed, 0)).toBe(4);
  expect(Buffer.byteLength(text)).toBeLessThan(100_000);
  const viewer = await desk.signedIn('viewer');
  expect((await viewer.get('/destinations/essai-crm')).text).toContain('<svg ');
});

test('what can be done with a delivery names buttons and pages, never a command', async () => {
  const { owner } = desk.gateway;
  const id = await desk.idOf('OK-1');
  const cases = [
    ['failed', 'refused', /Après correction, rejouer : Rejouer Réglée autrement : Classer/],
    ['failed', 'invalid', /Corriger le format et le publier : Formats ; ou compléter le lead/],
    ['withheld', 'opt_in_missing', /Les réponses enregistrées : Lead/],
    ['withheld', 'recipient_not_authorised', /Faire habiliter le destinataire, sur document du client/],
    [
      'waiting',
      'unknown_hold',
      /Il l’a : Le client l’a Il ne l’a pas : Le client ne l’a pas : renvoyer ; elle repart aussitôt/,
    ],
    ['waiting', 'slot', /Faire partir le fichier maintenant : Envoyer le fichier maintenant/],
    [
      'waiting',
      'file_held',
      /laisser partir le fichier : Laisser partir Sinon, l’abandonner : Abandonner ce fichier/,
    ],
  ] as const;
  for (const [state, reason, words] of cases) {
    // Not due before it has been looked at.
    await owner.run(
      `UPDATE deliveries SET state = ?, reason = ?, settled_at = NULL, due_at = TIMESTAMPADD(DAY, 1, UTC_TIMESTAMP(3)) WHERE id = ?`,
      [state, reason, id],
    );
    const page = mainOf((await support.get(`/deliveries/${id}`)).text);
    expect(page).toMatch(words);
    expect(page).not.toMatch(/relais (?:replay|task|delivery|mapping|lead|authorisation|destination)|--\w/);
  }
  const officer = await desk.signedIn('integrator');
  expect(mainOf((await officer.get(`/deliveries/${id}`)).text)).not.toContain(': Abandonner ce fichier');
  await owner.run(
    "UPDATE deliveries SET state = 'delivered', reason = 'accepted', settled_at = UTC_TIMESTAMP(3) WHERE id = ?",
    [id],
  );
});

test('a refusal is told in the language of the page, and so is what exactly was refused', async () => {
  const french = mainOf((await support.get('/deliveries?state=nulle')).text);
  expect(french).toContain('« nulle » n’est pas un état de livraison');
  expect(french).not.toMatch(/is no state|Run the command/);
  const unknown = mainOf((await support.get('/deliveries?destination=inconnue')).text);
  expect(unknown).toContain('Détail : Aucune destination ne s’appelle inconnue.');
  expect(unknown).not.toMatch(/No destination|en anglais/);
  expect(unknown).toContain('Vérifiez l’orthographe');
  const english = await support.get('/deliveries?state=nulle', { 'accept-language': 'en' });
  expect(mainOf(english.text)).toContain('nulle is no state of a delivery');
  expect((await support.get(`/deliveries?state=${encodeURIComponent(hostile)}`)).text).not.toContain(
    '<script>alert',
  );
});

test('alerts of one kind and client are one line with their number, which leads to each of them, and say their reason in words', async () => {
  await raiseAlerts(desk.gateway.owner, [
    ...['notice_missing', 'question_not_asked', 'other_entity'].map((reason) => ({
      ...{ kind: 'anomalies_pile_up' as const, clientId: 'essai', reason },
    })),
    { kind: 'request_due', clientId: 'essai', reason: '1:overdue' },
  ]);
  const home = (await support.get('/')).text;
  expect(mainOf(home)).toMatch(
    /Leads non conformes d’un client \(3\) essai .*Mention d’information non précisée/,
  );
  expect(mainOf(home)).toContain('demande de droits 1 : en retard');
  expect(mainOf(home)).not.toContain('1 (overdue)');
  const link = /href="(\/tasks\?[^"]+)"/.exec(home)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const each = (await support.get(link)).text;
  expect(each.match(/href="\/tasks\/alerts\/\d+"/g)).toHaveLength(3);
  const [alert = ''] = /\/tasks\/alerts\/\d+/.exec(each) ?? [];
  const page = (await support.get(alert)).text;
  expect(page).toContain('href="/anomalies?client=essai"');
  expect(mainOf(page)).toMatch(
    /Que faire Voir de quel formulaire ou agent ils viennent, et le faire corriger\. Anomalies Au terminal : relais client anomalies essai/,
  );
  const english = mainOf((await support.get(alert, { 'accept-language': 'en' })).text);
  expect(english).toContain('See which form or agent they come from');
});

test('who may not do what an alert asks for is told whose it is', async () => {
  const { owner } = desk.gateway;
  await raiseAlerts(owner, [{ kind: 'request_due', clientId: 'essai', reason: '2:overdue' }]);
  const [{ id } = { id: 0 }] = await owner.all<{ id: number }>(
    "SELECT id FROM alerts WHERE reason = '2:overdue'",
  );
  const page = mainOf((await support.get(`/tasks/alerts/${id}`)).text);
  expect(page).toContain('Cela demande un autre rôle : protection des données.');
  const officer = await desk.signedIn('dpo');
  const { text } = await officer.get(`/tasks/alerts/${id}`);
  expect(text).toContain('class="button" href="/requests/2"');
  expect(text).not.toContain('un autre rôle');
});

test('what keeps a destination from sending is a sentence, and a second factor that is not there is not renewed', async () => {
  await support.post('/destinations/essai-crm/suspend', { reason: 'ticket 91' });
  expect(mainOf((await support.get('/destinations')).text)).toContain('Elle est suspendue : ticket 91');
  expect(mainOf((await support.get('/destinations/essai-crm')).text)).toContain(
    'Elle est suspendue : ticket 91',
  );
  await support.post('/destinations/essai-crm/resume', { reason: 'ticket 91' });
  const account = mainOf((await support.get('/account')).text);
  expect(account).toMatch(/non installé — Installer le second facteur/);
  const officer = await desk.signedIn('dpo');
  expect(mainOf((await officer.get('/account')).text)).toMatch(/actif — Installer un nouveau téléphone/);
});

test('no page ends without a way on: an address that is none, an empty list, an alert', async () => {
  expect((await support.get('/nulle-part')).text).toMatch(/<main[\s\S]*href="\/"[\s\S]*<\/main>/);
  const stranger = await browserOf(desk.console.port).get('/nulle-part');
  expect(stranger.text).toMatch(/<main[\s\S]*href="\/sign-in"[\s\S]*<\/main>/);
  const empty = await support.get('/deliveries?state=planned');
  expect(mainOf(empty.text)).toContain('Aucune livraison ne correspond. Élargissez la période ou l’état');
  await raiseAlerts(desk.gateway.owner, [{ kind: 'go_live_incomplete', clientId: 'essai', reason: 'C49' }]);
  const [{ id } = { id: 0 }] = await desk.gateway.owner.all<{ id: number }>(
    "SELECT id FROM alerts WHERE kind = 'go_live_incomplete'",
  );
  const alert = (await support.get(`/tasks/alerts/${id}`)).text;
  expect(mainOf(alert)).toMatch(/Levée .* Concerne essai Cause .* Que faire .*relais client check essai/);
  // It leads to where it is dealt with, not to itself.
  expect(alert).not.toMatch(/href="\/tasks\/alerts\//);
  expect(alert).toMatch(/class="button" href="\/mappings\/essai-crm#go-live"/);
  expect((await support.get('/mappings/essai-crm')).text).toContain('<h2 id="go-live">');
});

test('an alert of every kind that asks for a person says in both languages what to do', () => {
  const silent = alertKinds.filter((kind) => {
    const { words } = alertAdvice({ kind, destinationId: 'essai-crm', clientId: 'essai', reason: '' });
    return isTask(kind) && (words === undefined || words.some((text) => text.length < 10));
  });
  expect(silent).toEqual([]);
});
