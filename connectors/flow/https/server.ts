// Declares the HTTPS transport: the settings of the server, their checks, and how to open its drop.
// Invariant: no secret in clear; the addresses are in clear, so that the contract names their hosts.
import { authProblems, authSchema, authTexts } from '../../access/auth.ts';
import { accessUrl, isAccess } from '../../access/settings.ts';
import { tlsProblems, tlsSchema, tlsTexts } from '../../access/tls.ts';
import { authWords, certificateRows } from '../../access/words.ts';
import { problemIf, type SettingsProblem } from '../../contract.ts';
import { secretName } from '../../guard.ts';
import { addressProblems, endpointOf, hostOf, isInClear } from '../../guard/addresses.ts';
import { defineTransport } from '../transport.ts';
import type { HttpsServer } from './drop.ts';
import { httpsSchema } from './schema.ts';

export type { HttpsServer } from './drop.ts';

/** @param fixed the text without its placeholders */
function fixedAddress(path: string, text: string, fixed: string): readonly SettingsProblem[] {
  const problems = [
    ...problemIf(secretName(text) !== undefined, path, [
      'Cette adresse s’écrit en clair : le contrat dans client.yaml nomme son serveur.',
      'This address is not a secret: the contract in client.yaml names its host.',
    ]),
    ...problemIf(/[{}]/.test(fixed), path, [
      'Pas de variable ici, sauf {name} dans l’adresse où les fichiers sont postés.',
      'No placeholder here, but {name} in the address that files are posted to.',
    ]),
  ];
  return problems.length > 0 ? problems : addressProblems(path, text);
}

const doubts = ({ conditional, post }: HttpsServer): readonly SettingsProblem[] =>
  problemIf(
    conditional === false || post !== undefined,
    post === undefined ? '/server/conditional' : '/server/post',
    [
      'sans If-None-Match le serveur décide ce que devient un fichier arrivé sous le même nom entre notre regard et notre envoi ; il peut reconnaître le nôtre à son Idempotency-Key.',
      'without If-None-Match the server decides what becomes of a file that comes under the same name between our look and our sending; it can know ours by its Idempotency-Key.',
    ],
  );

const load = () => import('./drop.ts');

export const httpsTransport = defineTransport<HttpsServer>({
  scheme: 'https',
  isOf: (server) => 'url' in server,
  schema: httpsSchema(authSchema, tlsSchema),
  misplaced: [
    'Un serveur avec une url va avec to: https:NOM/….',
    'A server with a url needs to: https:NAME/….',
  ],
  problems: ({ url, post, auth, tls }, { tempSuffix }) => [
    ...fixedAddress('/server/url', url, url),
    ...(post === undefined ? [] : fixedAddress('/server/post/url', post.url, post.url.replace('{name}', ''))),
    ...authProblems('/server/auth', auth),
    ...tlsProblems('/server/tls', tls),
    ...problemIf(tempSuffix !== undefined, '/tempSuffix', [
      'Un fichier apparaît entier : retirez tempSuffix, rien n’est renommé.',
      'A file appears whole: leave tempSuffix out, nothing is renamed.',
    ]),
  ],
  doubts,
  hosts: ({ url, post, auth }) => {
    const token = isAccess(auth) ? hostOf(accessUrl(auth)) : undefined;
    const all = [hostOf(url), hostOf(post?.url ?? url), token];
    return [...new Set(all.filter((host) => host !== undefined))];
  },
  inClear: ({ url, post, auth }) => [
    ...(isInClear(url) ? ['/server/url'] : []),
    ...(isInClear(post?.url ?? '') ? ['/server/post/url'] : []),
    ...(isAccess(auth) && isInClear(accessUrl(auth)) ? ['/server/auth'] : []),
  ],
  root: ({ url }) => endpointOf(url),
  secrets: ({ auth, tls }) => [...(auth === undefined ? [] : authTexts(auth)), ...tlsTexts(tls)],
  tls: ({ tls }) => tls,
  words: ({ url, post, auth, tls }) => {
    const how = post === undefined ? `HTTPS PUT ${url}` : `HTTPS POST ${post.url}`;
    return [
      { point: ['Protocole', 'Protocol'], agreed: [how, how] },
      { point: ['Authentification', 'Authentication'], agreed: authWords(auth) },
      ...certificateRows(tls),
    ];
  },
  load,
  open: async (server, context, deadline) => (await load()).openHttpsDrop(server, context, deadline),
});
