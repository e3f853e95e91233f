// Describes the transport of a webhook for the document a client signs.
// Invariant: every address with its method; a secret is shown by its name.
import type { Both, NamedCall, SignedRow, SignedWords } from '../contract.ts';
import { shownSetting, secretName } from '../guard.ts';
import { lookupMethod } from './lookup.ts';
import { authWords, certificateRows } from '../access/words.ts';
import type { WebhookSettings } from './settings.ts';
import type { Signature } from './signature-settings.ts';

type Calls = readonly NamedCall<WebhookSettings>[];

/** The row about encryption. */
function scheme(urls: readonly string[]): Both {
  const clear = urls.filter((url) => /^http:/i.test(url)).length;
  if (clear === 0) return ['HTTPS', 'HTTPS'];
  return clear === urls.length
    ? ['HTTP en clair', 'plain HTTP']
    : ['HTTPS et HTTP en clair', 'HTTPS and plain HTTP'];
}

const address = ({ method = 'POST', url }: WebhookSettings): Both => {
  const name = secretName(url);
  if (name === undefined) return [`${method} ${url}`, `${method} ${url}`];
  return [`${method} confidentielle (${name})`, `${method} confidential (${name})`];
};

function addressRows(settings: Partial<WebhookSettings>, calls: Calls): readonly SignedRow[] {
  if (calls.length === 0) {
    const { method = 'POST', url = '' } = settings;
    const [fr, en] = scheme([url]);
    const shown = shownSetting(url);
    return [
      {
        point: ['Transport', 'Transport'],
        agreed: [`Appel ${fr}, un lead par appel`, `${en} call, one lead a call`],
      },
      { point: ['Adresse', 'Address'], agreed: [`${method} ${shown[0]}`, `${method} ${shown[1]}`] },
    ];
  }
  const [fr, en] = scheme(calls.map((call) => call.settings.url));
  const count: Both =
    calls.length === 1 ? ['un seul appel', 'one call'] : [`${calls.length} appels`, `${calls.length} calls`];
  return [
    {
      point: ['Transport', 'Transport'],
      agreed: [
        `Appels ${fr} : ${count[0]} par lead, dans cet ordre`,
        `${en} calls: ${count[1]} a lead, in this order`,
      ],
    },
    ...calls.map(({ name, settings: own }, index) => ({
      point: [`Appel ${index + 1} : ${name}`, `Call ${index + 1}: ${name}`] as const,
      agreed: address(own),
    })),
  ];
}

function signatureWords(signature: Signature): Both {
  if ('standard' in signature)
    return [
      'Standard Webhooks (en-têtes webhook-id, webhook-timestamp, webhook-signature)',
      'Standard Webhooks (headers webhook-id, webhook-timestamp, webhook-signature)',
    ];
  const { algorithm = 'sha256', sign = '{body}', header } = signature.hmac;
  const name = `HMAC-${algorithm.toUpperCase()}`;
  return [`${name} de ${sign}, en-tête ${header}`, `${name} of ${sign}, header ${header}`];
}

/** The address where the recipient publishes a later decision, if it is another one. */
function decisionRow(url: string | undefined, of: string): readonly SignedRow[] {
  if (url === undefined) return [];
  const [fr, en] = shownSetting(url);
  return [
    {
      point: [`Décision ultérieure${of}`, `Later decision${of}`],
      agreed: [`GET ${fr}, tant que vous n’avez pas décidé`, `GET ${en}, until you have decided`],
    },
  ];
}

/** How a lead is looked up at the recipient. */
function lookupRows(settings: Partial<WebhookSettings>, calls: Calls): readonly SignedRow[] {
  const all: Calls = calls.length > 0 ? calls : [{ name: '', settings: { url: '', ...settings } }];
  return all.flatMap(({ name, settings: own }) => {
    if (own.lookup === undefined) return [];
    const [fr, en] = shownSetting(own.lookup.url);
    const method = lookupMethod(own.lookup);
    const of = name === '' ? '' : ` : ${name}`;
    return [
      {
        point: [`Vérification${of}`, `Look-up${of}`] as const,
        agreed: [
          `${method} ${fr}, par nos références seulement, sans donnée de la personne`,
          `${method} ${en}, by our references only, without any data of the person`,
        ] as const,
      },
      ...decisionRow(own.lookup.pending?.url, of),
    ];
  });
}

function transport(settings: Partial<WebhookSettings>, calls: Calls): readonly SignedRow[] {
  const { auth, signature, tls, idempotencyHeader = 'Idempotency-Key' } = settings;
  const several: Both =
    calls.length > 0
      ? ['celle du lead suivie du nom de l’appel, ', "the lead's followed by the name of the call, "]
      : ['', ''];
  return [
    ...addressRows(settings, calls),
    { point: ['Authentification', 'Authentication'], agreed: authWords(auth) },
    ...lookupRows(settings, calls),
    ...certificateRows(tls),
    ...(signature === undefined
      ? []
      : [
          {
            point: ['Signature', 'Signature'] as const,
            agreed: signatureWords(signature),
          },
        ]),
    {
      point: ['Clé du lead', 'Key of the lead'],
      agreed: [
        `${several[0]}la même à chaque essai : en-têtes webhook-id et ${idempotencyHeader}`,
        `${several[1]}the same at every attempt: headers webhook-id and ${idempotencyHeader}`,
      ],
    },
  ];
}

export const webhookWords: SignedWords<WebhookSettings> = {
  transport,
  address,
  addressOnly: [
    'Seule l’adresse a été essayée (nom, réseau, TLS), non les identifiants : un webhook n’a pas de requête sans effet pour les essayer, à moins que le fichier ne nomme une vérification (send.lookup).',
    'Only the address was tried (name, network, TLS), not the credentials: a webhook has no harmless request to try them with, unless the file names a look-up (send.lookup).',
  ],
};
