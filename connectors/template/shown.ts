// Texts of the connector for the signed document and for `mapping new`, and the stand-in of a trial.
// Invariant: a secret is shown by its name; a trial sends only to the server started for it.
import type {
  Draft,
  Drafting,
  DraftRequest,
  SignedRow,
  SignedWords,
  StandIn,
  StandInServers,
} from '../contract.ts';
import { shownSetting } from '../guard.ts';
import { templateSettings, type TemplateSettings } from './settings.ts';

function transport({ url = '', auth }: Partial<TemplateSettings>): readonly SignedRow[] {
  const token = shownSetting(auth?.bearer ?? '');
  return [
    {
      point: ['Transport', 'Transport'],
      agreed: ['une requête HTTPS par lead, en JSON', 'one HTTPS request a lead, as JSON'],
    },
    { point: ['Adresse', 'Address'], agreed: [url, url] },
    {
      point: ['Authentification', 'Authentication'],
      agreed: [`en-tête Authorization: Bearer, ${token[0]}`, `header Authorization: Bearer, ${token[1]}`],
    },
  ];
}

export const templateWords: SignedWords<TemplateSettings> = {
  transport,
  delivered: [
    'Un lead dont le destinataire donne la référence vaut remise.',
    'A lead counts as handed over once the recipient gives its reference.',
  ],
  addressOnly: [
    'Seule l’adresse a été essayée (nom, réseau, TLS), non le jeton.',
    'Only the address was tried (name, network, TLS), not the token.',
  ],
};

function draft({ to, secretPrefix, format }: DraftRequest): Draft | string | undefined {
  if (to === undefined || !/^template\+https?:\/\//i.test(to)) return undefined;
  if (format !== 'json') return 'the draft needs a JSON sample.';
  const url = URL.parse(to.slice('template+'.length));
  if (url === null) return 'the address is not complete: template+https://host/path.';
  return {
    name: 'template',
    lines: [
      'send:',
      `  url: '${url.href.replaceAll("'", "''")}'`,
      `  auth: { bearer: secret:${secretPrefix}_TOKEN }`,
    ],
    facts: { hosts: [url.hostname] },
    targets: [url.hostname],
    open: [],
  };
}

export const templateDrafting: Drafting = { to: 'template+https://host/path', draft };

export async function templateStandIn(
  [settings]: readonly TemplateSettings[],
  servers: StandInServers,
): Promise<StandIn<TemplateSettings> | string> {
  if (settings === undefined) return 'The file has no settings to try.';
  const hosts = templateSettings.targets(settings);
  const { answerWith, ...server } = await servers.http(hosts, { tls: !/^http:/i.test(settings.url) });
  answerWith?.({ status: 201, headers: { 'content-type': 'application/json' }, body: '{"id":"SANDBOX-1"}' });
  return {
    server,
    hosts,
    settingsOf: (own) => own,
    secret: () => 'sandbox-placeholder',
    allowedTargets: hosts,
  };
}
