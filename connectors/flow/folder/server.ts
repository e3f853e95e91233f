// Declares the transport to a folder of this machine: its settings, their checks, and its drop.
// Invariant: a mapping file alone does not open it; reached.ts checks the operator's policy before sending.
import { blockOf, formedText, problemIf } from '../../contract.ts';
import { climbs } from '../names.ts';
import { defineTransport } from '../transport.ts';
import { openLocalDrop } from './drop.ts';

export interface LocalServer {
  readonly folder: string;
}

export const folderTransport = defineTransport<LocalServer>({
  scheme: 'local',
  isOf: (server) => 'folder' in server,
  schema: blockOf('A folder of this machine, when the operator allows it.', ['folder'], {
    folder: formedText('Absolute path.', '^/.{0,400}$', 'un chemin absolu.'),
  }),
  misplaced: [
    'Un serveur avec un dossier (folder) va avec to: local:NOM/….',
    'A server with a folder needs to: local:NAME/….',
  ],
  problems: ({ folder }) =>
    problemIf(climbs(folder), '/server/folder', [
      'Le chemin d’un dossier ne contient ni « . » ni « .. ».',
      'A folder cannot hold . or .. steps.',
    ]),
  hosts: () => [],
  root: ({ folder }) => folder,
  pathOf: ({ folder }, path) => `${folder.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`,
  secrets: () => [],
  open: async (_server, _context, deadline) => await Promise.resolve(openLocalDrop(deadline)),
});
