// Type of the settings of an S3-compatible bucket, and the bucket's address.
// Invariant: it imports no library: reading a mapping loads nothing that only sending needs.
import type { Tls } from '../../access/tls.ts';
import { encodedPath } from '../encoded-path.ts';

export interface S3Server {
  readonly bucket: string;
  readonly region: string;
  readonly endpoint?: string;
  readonly addressing?: 'path' | 'host';
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly conditional?: boolean;
  readonly tls?: Tls;
}

/** Address of the bucket, with a slash at its end. */
export function bucketUrl({ bucket, region, endpoint, addressing = 'host' }: S3Server): URL {
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  if (addressing === 'host') url.hostname = `${bucket}.${url.hostname}`;
  else url.pathname = `${url.pathname.replace(/\/$/, '')}/${encodedPath(bucket)}`;
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
