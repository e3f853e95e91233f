// Turns an error of S3-compatible storage into a code.
// Invariant: one code of a closed list is read from its text, and nothing is kept.
import { dropFailure, type DropCode, type DropFailure } from '../drop.ts';
import type { FileAnswer } from '../http-exchange.ts';

const byCode: Readonly<Record<string, DropCode>> = {
  InvalidAccessKeyId: 'S3_AUTH',
  SignatureDoesNotMatch: 'S3_AUTH',
  InvalidToken: 'S3_AUTH',
  ExpiredToken: 'S3_AUTH',
  AccessDenied: 'FOLDER_FORBIDDEN',
  AllAccessDisabled: 'FOLDER_FORBIDDEN',
  RequestTimeTooSkewed: 'CLOCK_SKEWED',
  NoSuchBucket: 'FOLDER_MISSING',
  PermanentRedirect: 'S3_REGION',
  TemporaryRedirect: 'S3_REGION',
  AuthorizationHeaderMalformed: 'S3_REGION',
  IllegalLocationConstraintException: 'S3_REGION',
  PreconditionFailed: 'NAME_TAKEN',
  NotImplemented: 'CONDITION_UNKNOWN',
  EntityTooLarge: 'FILE_TOO_LARGE',
  QuotaExceeded: 'FOLDER_FULL',
  InsufficientCapacity: 'FOLDER_FULL',
  XMinioStorageFull: 'FOLDER_FULL',
};

const byStatus: Readonly<Record<number, DropCode>> = {
  301: 'S3_REGION',
  307: 'S3_REGION',
  401: 'S3_AUTH',
  403: 'FOLDER_FORBIDDEN',
  404: 'FOLDER_MISSING',
  412: 'NAME_TAKEN',
  413: 'FILE_TOO_LARGE',
  501: 'CONDITION_UNKNOWN',
  507: 'FOLDER_FULL',
  // A gateway's own answers: the storage behind it may have the file.
  502: 'CONNECTION_LOST',
  504: 'CONNECTION_LOST',
};

export function failureOf({ status, text }: Pick<FileAnswer, 'status' | 'text'>): DropFailure {
  const code = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(text)?.[1] ?? '';
  const known = Object.hasOwn(byCode, code) ? byCode[code] : undefined;
  return dropFailure(known ?? byStatus[status] ?? 'SERVER_FAILURE');
}
