// Writes the mail that a file is attached to: subject and text, without data of a lead. Pure.
// Invariant: the same file gives the same Message-ID, date and words at every attempt; the text names no person.
import { domainOf } from '../../mail/addresses.ts';
import type { Mail } from '../../mail/mime.ts';
import { oneLine } from '../../mail/text.ts';
import type { NamedFile } from '../transport.ts';
import type { MailServer } from './settings.ts';

export type LetterOfFile = Omit<Mail, 'attachments'>;

const words = {
  fr: {
    action: { create: 'Nouveaux leads', update: 'Mises à jour', erase: 'Demandes d’effacement' },
    lead: {
      create: 'Vous trouverez en pièce jointe un fichier de leads.',
      update:
        'Vous trouverez en pièce jointe un fichier de leads déjà transmis qui ont changé : merci de remplacer ce que vous aviez enregistré.',
      erase:
        'Vous trouverez en pièce jointe un fichier de leads à effacer de vos fichiers, copies et e-mails compris.',
    },
    rows: 'Leads',
    file: 'Fichier',
    automatic:
      'Message automatique, destiné aux seules personnes habilitées. Ne le transférez pas en dehors de votre équipe.',
  },
  en: {
    action: { create: 'New leads', update: 'Updates', erase: 'Erasure requests' },
    lead: {
      create: 'A file of leads is attached.',
      update:
        'A file is attached of leads that you already received and that have changed: please replace what you had recorded.',
      erase: 'A file is attached of leads to erase from your files, copies and emails included.',
    },
    rows: 'Leads',
    file: 'File',
    automatic: 'Automatic message for authorised persons only. Do not forward it outside your team.',
  },
} as const;

export function letterOfFile({ parcel, batch, name, targets }: NamedFile, server: MailServer): LetterOfFile {
  const said = words[server.language ?? 'fr'];
  const { client, destination, action } = parcel;
  // The sequence number is unique here; the time of writing distinguishes it from another installation's.
  const id = `${client}.${destination}.${batch.sequence}.${parcel.writtenAt.getTime().toString(36)}`;
  const safe = id.replaceAll(/[^A-Za-z0-9._-]/g, '_');
  return {
    from: oneLine(server.from),
    to: targets,
    ...(server.replyTo === undefined ? {} : { replyTo: oneLine(server.replyTo) }),
    subject: subjectOf(parcel, { batch, name }, server),
    messageId: `<${safe}@${domainOf(server.from)}>`,
    date: parcel.writtenAt,
    text: [
      said.lead[action],
      '',
      `${said.file} : ${name}`,
      `${said.rows} : ${batch.rows}`,
      '',
      said.automatic,
      '',
    ].join('\n'),
    headers: { 'X-Relais-File': safe },
    boundary: safe,
  };
}

/** An update or an erasure is named even where the template does not. */
function subjectOf(
  { action, clientName }: NamedFile['parcel'],
  { batch, name }: Pick<NamedFile, 'batch' | 'name'>,
  { subject: template = '{action} {fileName}', language = 'fr' }: MailServer,
): string {
  const said = words[language].action[action];
  const values: Readonly<Record<string, string>> = {
    action: said,
    clientName,
    fileName: name,
    seq: String(batch.sequence),
    rows: String(batch.rows),
  };
  const filled = template.replaceAll(/\{([A-Za-z]+)\}/g, (whole, key: string) => values[key] ?? whole);
  const prefix = action === 'create' || template.includes('{action}') ? '' : `${said} - `;
  return oneLine(prefix + filled).slice(0, 200);
}
