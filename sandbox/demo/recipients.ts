// Starts and stops the four recipients of the demo, and one for a client of the visitor's own.
// Invariant: each writes only below the folder of received files.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../people/random.ts';
import { startCrm } from '../recipients/crm.ts';
import type { Crm } from '../recipients/crm.ts';
import { startFileDrop } from '../recipients/files.ts';
import { certificateFor } from '../recipients/identity.ts';
import { startMailbox } from '../recipients/mailbox.ts';
import type { Mailbox } from '../recipients/mailbox.ts';
import { createMoods } from '../recipients/moods.ts';
import type { RecipientReport, DemoRecipient } from '../recipients/record.ts';
import { startSftp } from '../recipients/sftp.ts';
import { mailHost, mailUser } from './environment.ts';
import type { DemoSecrets, inventSecrets } from './environment.ts';

/** As the examples of the presets of files name them (mappings/presets/csv-excel/example). */
export const depotHost = 'sftp.client.example';
const depotFolder = 'depot';

export interface Recipients {
  readonly all: readonly DemoRecipient[];
  readonly crm: Crm;
  readonly mailbox: Mailbox;
  /** PEM of the authority to trust. */
  readonly authority: string;
  readonly ports: Readonly<Record<string, number>>;
  /** Folder for files of a visitor's own client, as the example of a preset of files names it; never compared. */
  readonly depot: string;
  readonly readAll: () => Promise<Readonly<Record<string, RecipientReport>>>;
  readonly close: () => Promise<void>;
}

export async function startRecipients(
  received: string,
  { secrets, mailPassword }: ReturnType<typeof inventSecrets>,
  seed: number,
): Promise<Recipients> {
  const folder = (name: string): string => {
    const path = join(received, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const certificate = await certificateFor('crm.horizon.example', mailHost);
  const random = createRandom(seed);
  const crm = await startCrm({
    certificate,
    secrets: { token: secrets.HORIZON_TOKEN, signing: secrets.HORIZON_SIGNING },
    file: join(folder('horizon-crm'), 'leads.jsonl'),
    destination: 'horizon-crm',
    mood: createMoods(seed),
    latencyMs: () => random.whole(15, 120),
  });
  const mailbox = await startMailbox({
    certificate,
    login: { user: mailUser, password: mailPassword },
    folder: folder('littoral-mail'),
    destination: 'littoral-mail',
    addresses: ['leads@littoral.example'],
  });
  const { alpes, hexagone } = await startFileDrops(folder, secrets);
  const all = [crm, mailbox, alpes, hexagone];
  const depot = folder(join('client-crm', depotFolder));
  const own = await startSftp({
    login: { user: 'relais', password: secrets.CLIENT_SFTP_PASSWORD },
    home: folder('client-crm'),
  });
  return {
    all,
    crm,
    mailbox,
    authority: certificate.cert,
    ports: {
      'crm.horizon.example': crm.port,
      [mailHost]: mailbox.port,
      'sftp.alpes.example': alpes.port,
      'sftp.hexagone.example': hexagone.port,
      [depotHost]: own.port,
    },
    depot,
    readAll: async () =>
      Object.fromEntries(
        await Promise.all(all.map(async ({ destination, read }) => [destination, await read()] as const)),
      ),
    close: async () => {
      await Promise.all([...all, own].map((recipient) => recipient.close()));
    },
  };
}

async function startFileDrops(
  folder: (name: string) => string,
  secrets: DemoSecrets,
): Promise<Record<'alpes' | 'hexagone', Awaited<ReturnType<typeof startFileDrop>>>> {
  const alpes = await startFileDrop({
    destination: 'alpes-csv',
    home: folder('alpes-csv'),
    folder: 'in',
    login: { user: 'relais', password: secrets.ALPES_SFTP_PASSWORD },
    kind: 'csv',
  });
  const hexagone = await startFileDrop({
    destination: 'hexagone-xml',
    home: folder('hexagone-xml'),
    folder: 'leads',
    login: { user: 'relais', password: secrets.HEXAGONE_SFTP_PASSWORD },
    kind: 'xml',
  });
  return { alpes, hexagone };
}
