// Two clients with a webhook destination each, on one recipient: what one of them sees, the other must not.
import { webhookFiles } from '../trip/gateway.ts';

/** `essai` with `essai-crm`, and `autre` with `autre-crm`. */
export function twoClients(port: number): Readonly<Record<string, string>> {
  const files = webhookFiles(port);
  const others = Object.entries(files).map(([name, text]) => [
    name.replace('essai', 'autre'),
    text.replaceAll('essai', 'autre').replaceAll('Essai', 'Autre').replaceAll('ESSAI', 'AUTRE'),
  ]);
  return { ...files, ...(Object.fromEntries(others) as Record<string, string>) };
}
