// Refused rows in a look-up: beside the leads, masked in every form, and never found by less than a whole address.
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { environmentOf, terminalOf, type Relais } from './terminal.ts';

let gateway: Gateway;
let relais: Relais;
const find = (...argv: readonly string[]): ReturnType<Relais> =>
  relais('lead', 'find', ...argv, '--reason', 'request 93');

beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner');
  // The sender wrote the mail where the reference belongs.
  await gateway.send(leadRow('FR-1'), leadRow('zoe.lefevre@courriel.example', { mobile: '06 39' }));
  await gateway.until('one taken, one refused', async () => {
    const [row] = await gateway.owner.all<{ n: number }>(
      "SELECT (SELECT COUNT(*) FROM leads) * (SELECT COUNT(*) FROM lead_intake WHERE status = 'refused') AS n",
    );
    return row?.n === 1;
  });
});
afterAll(() => gateway.close());

test.each([
  ['nothing', '--email', ''],
  ['a part of an address', '--email', 'lefevre'],
  ['a part of a number', '--phone', '39'],
])('%s is no address of a person: nobody is found by it', async (_title, by, value) => {
  expect(await find(by, value)).toMatchObject({
    code: 64,
    out: '',
    err: expect.stringContaining('USAGE-001') as string,
  });
});

test('as JSON they stand beside the leads, and what is masked on the screen is masked there', async () => {
  const ran = await find('--email', 'zoe.lefevre@courriel.example', '--json');
  const rows = ran.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(rows).toMatchObject([{ reference: 'FR-1' }, { refusedRow: expect.any(String) as string }]);
  expect(rows[1]).toMatchObject({ client: 'essai', reference: '***' });
  expect(ran.out + ran.err).not.toContain('zoe.lefevre');
});
