// Shows the information that prospects receive, word for word, in the document a client signs (C14).
// Invariant: the texts of client.yaml, unchanged; the document of a client that listed none says so.
import type { ClientFacts } from '../../domain/destination.ts';
import { requestFields } from '../../domain/lead-fields/request.ts';
import { heading, paragraph } from './blocks.ts';
import type { Block } from './blocks.ts';
import { longDay } from './french-parties.ts';

const channelWords: Readonly<Record<string, string>> = requestFields.channel.words ?? {};

export const noticeBlocks = ({ notices = [] }: Pick<ClientFacts, 'notices'>): readonly Block[] => [
  heading(3, 'Mentions d’information'),
  notices.length === 0
    ? paragraph(
        'Aucun texte n’est encore enregistré : (à compléter). Chaque lead nomme la version que le prospect a lue ou entendue.',
      )
    : {
        kind: 'table',
        head: ['Version', 'Canal', 'En usage à partir du', 'Texte lu ou entendu'],
        rows: notices.map(({ version, channel, from, wording }) => [
          version,
          channelWords[channel] ?? channel,
          longDay(from),
          wording,
        ]),
        exact: [0],
      },
];
