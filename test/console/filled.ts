// A desk on an ordinary bad morning: leads delivered and refused, some of them with hostile texts where a person typed.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { strangerRow } from '../trip/gateway.ts';
import { openDesk, type TestDesk } from './desk.ts';

/** What somebody may type into any field of a form, or a recipient may answer. */
export const hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e{{7*7}}';

export interface FilledDesk extends TestDesk {
  readonly crm: HttpRecipient;
  /** What the CRM answers from now on. */
  readonly repair: () => void;
  readonly idOf: (reference: string) => Promise<number>;
  /** Nothing is worked any more, until a planner and a worker are started again. */
  readonly standStill: () => Promise<void>;
}

export async function openFilledDesk({ failures = 4 } = {}): Promise<FilledDesk> {
  const crm = await startHttpRecipient();
  let repaired = false;
  crm.answer = ({ body }, response) => {
    const isBad = !repaired && body.toString().includes('"KO-');
    response.writeHead(isBad ? 422 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isBad ? { error: hostile } : { success: true, id: `<b>${hostile}` }));
  };
  const desk = await openDesk(crm.port);
  const { gateway } = desk;
  const roles = await gateway.start('planner', 'worker');
  await gateway.send(
    strangerRow('OK-1'),
    strangerRow('OK-2', { last_name: hostile, city: hostile }),
    ...Array.from({ length: failures }, (_, index) => strangerRow(`KO-${index}`, { last_name: hostile })),
  );
  await gateway.until(
    'every lead at its end',
    async () =>
      (await gateway.states()).filter(({ state }) => ['delivered', 'failed'].includes(state)).length ===
      failures + 2,
  );
  return {
    ...desk,
    crm,
    repair: () => {
      repaired = true;
    },
    standStill: async () => {
      for (const role of roles) await role.stop();
    },
    idOf: async (reference) => (await gateway.states(`l.reference = '${reference}'`))[0]?.id ?? 0,
    close: async () => {
      await desk.close();
      await crm.close();
    },
  };
}
