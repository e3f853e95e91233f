// Mapping files of the test client for several destinations on one recipient, and what the tests of scale count.
import { leadRow, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import type { GatewayProcess } from '../../trip/process.ts';

/** `essai-1` to `essai-<count>`, all taking every lead. */
export function manyDestinations(port: number, count: number): Readonly<Record<string, string>> {
  const files = webhookFiles(port);
  const [client = '', mapping = ''] = [files['essai/client.yaml'], files['essai/crm.yaml']];
  const [head = '', authorisation = ''] = client.split('authorisations:\n');
  const ids = Array.from({ length: count }, (_, index) => `essai-${index + 1}`);
  return {
    'essai/client.yaml': `${head}authorisations:\n${ids.map((id) => authorisation.replace('essai-crm', id)).join('')}`,
    ...Object.fromEntries(
      ids.map((id) => [
        `essai/${id}.yaml`,
        mapping.replace('destination: essai-crm', `destination: ${id}`).replaceAll('/leads', `/${id}/leads`),
      ]),
    ),
  };
}

export async function publishAll(gateway: Gateway, count: number): Promise<void> {
  for (let at = 1; at <= count; at += 1)
    await gateway.app.publishing.publish({ destinationId: `essai-${at}`, author: 'tester', note: 'scale' });
}

export const leads = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => leadRow(`${name}-${index}`));

/** Attempts a process told of in its log. */
export const attemptsOf = (one: GatewayProcess): number =>
  one.output().match(/delivery\.attempted/g)?.length ?? 0;

export const deliveredOf = async (gateway: Gateway): Promise<number> =>
  (
    await gateway.owner.all<{ n: number }>("SELECT COUNT(*) AS n FROM deliveries WHERE state = 'delivered'")
  )[0]?.n ?? 0;
