// A recipient that refuses lead after lead because each is of a programme that is sold out works: who comes behind them reaches it.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = ({ body }, response) => {
    const { ref = '' } = JSON.parse(String(body)) as { ref?: string };
    const isSold = ref.startsWith('S-');
    response
      .writeHead(isSold ? 422 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(isSold ? { code: 'sold_out' } : { success: true, id: `C-${ref}` }));
  };
  gateway = await openGateway({
    files: {
      ...webhookFiles(crm.port),
      'essai/crm.yaml': (webhookFiles(crm.port)['essai/crm.yaml'] ?? '').replace(
        '{ refused: { status: 422 } }',
        '{ refused: { status: 422 }, reason: { path: $.code, map: { sold_out: sold_out, else: other } } }',
      ),
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const circuit = async (): Promise<Readonly<Record<string, unknown>>> => {
  const [row] = await gateway.owner.all<{ circuit: string }>('SELECT circuit FROM destination_states');
  return JSON.parse(row?.circuit ?? '{}') as Readonly<Record<string, unknown>>;
};
const count = async (state: string): Promise<number> => (await gateway.states(`d.state = '${state}'`)).length;

test('held after twenty of them, one pause is all that the others wait; support is told both', async () => {
  await gateway.send(...Array.from({ length: 20 }, (_, n) => strangerRow(`S-${n}`)));
  await gateway.start('planner', 'worker');
  await gateway.until('held', async () => (await circuit())['state'] === 'open');
  await gateway.send(...Array.from({ length: 5 }, (_, n) => strangerRow(`S-${20 + n}`)), strangerRow('G-1'));
  await gateway.soon('the one behind them is there', async () => (await count('delivered')) === 1);
  expect(await circuit()).toMatchObject({ state: 'ramping', probes: 0 });
  // Half of what comes is refused: it opens all the same.
  await gateway.send(
    ...Array.from({ length: 8 }, (_, n) => strangerRow(n % 2 === 0 ? `S-${30 + n}` : `G-${n + 1}`)),
  );
  await gateway.until('all ended', async () => (await count('delivered')) + (await count('failed')) === 34);
  expect(await circuit()).toMatchObject({ state: 'closed' });
  expect(
    await gateway.owner.all('SELECT kind FROM alerts WHERE kind LIKE ? ORDER BY id', ['destination_%']),
  ).toEqual([{ kind: 'destination_held' }, { kind: 'destination_reopened' }]);
});
