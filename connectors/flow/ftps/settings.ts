// Type of an FTPS server's settings.
// Invariant: it imports no library: reading a mapping loads nothing that only sending needs.
import type { Tls } from '../../access/tls.ts';

export interface FtpsServer {
  readonly host: string;
  readonly port?: number;
  readonly user: string;
  readonly password: string;
  readonly encryption?: 'explicit' | 'implicit';
  readonly tls?: Tls;
}

export const portOf = ({ port, encryption }: FtpsServer): number =>
  port ?? (encryption === 'implicit' ? 990 : 21);
