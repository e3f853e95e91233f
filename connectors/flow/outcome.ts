// Turns the end of an upload into an outcome. Pure.
// Invariant: only a lost answer to the rename is `unknown`; before it the recipient sees no file under its final name.
import type { Evidence, Outcome } from '../contract.ts';
import type { Ending } from '../guard.ts';
import type { DropCode } from './drop.ts';
import type { UploadProgress, UploadResult } from './upload.ts';

/** True when the recipient has the file, whatever was refused after it. */
const stands = (progress: UploadProgress): boolean => progress === 'appeared' || progress === 'standing';

/** Marks an outcome of a later step, such as a token, when the recipient already has the file. */
export function withWhatStands(outcome: Outcome, progress: UploadProgress): Outcome {
  if (!stands(progress)) return outcome;
  switch (outcome.kind) {
    case 'refused':
    case 'unauthorized':
    case 'throttled':
    case 'unavailable':
      return { ...outcome, maybeReceived: true };
    case 'accepted':
    case 'duplicate':
    case 'pending':
    case 'unconfirmed':
    case 'invalid':
    case 'unknown':
    case 'absent':
      return outcome;
  }
}

export function uploadOutcome(
  result: UploadResult,
  progress: UploadProgress,
  awaitsAck: boolean,
  evidence: Evidence,
): Outcome {
  switch (result) {
    case 'created':
      return { kind: awaitsAck ? 'pending' : 'accepted', evidence };
    case 'there':
      return { kind: awaitsAck ? 'pending' : 'duplicate', evidence };
    case 'NAME_TAKEN':
      return withWhatStands({ kind: 'refused', reason: result, evidence }, progress);
    case 'FOLDER_MISSING':
      return { kind: 'unauthorized', reason: result, evidence };
  }
}

export function failureOutcome(
  code: DropCode | Ending,
  progress: UploadProgress,
  evidence: Evidence,
): Outcome {
  switch (code) {
    case 'ADDRESS_NOT_ALLOWED':
    case 'TLS_CERTIFICATE':
    case 'CLIENT_CERTIFICATE':
    case 'HOST_KEY_MISMATCH':
    case 'SFTP_AUTH':
    case 'FTPS_AUTH':
    case 'TLS_REFUSED':
    case 'SIZE_UNTOLD':
    case 'S3_AUTH':
    case 'S3_REGION':
    case 'CLOCK_SKEWED':
    case 'HTTP_401':
    case 'HTTP_403':
    case 'METHOD_REFUSED':
    case 'CONDITION_UNKNOWN':
    case 'PLAINTEXT_NOT_ALLOWED':
    case 'SECRET_MISSING':
    case 'SECRET_MALFORMED':
    case 'FOLDER_MISSING':
    case 'FOLDER_FORBIDDEN':
      return withWhatStands({ kind: 'unauthorized', reason: code, evidence }, progress);
    case 'NAME_TAKEN':
    case 'FILE_TOO_LARGE':
      return withWhatStands({ kind: 'refused', reason: code, evidence }, progress);
    case 'FOLDER_FULL':
    case 'SIZE_MISMATCH':
    case 'CONTENT_LOST':
    case 'CONNECTION_LOST':
    case 'SERVER_FAILURE':
    case 'DNS':
    case 'CONNECT_REFUSED':
    case 'CONNECT_RESET':
    case 'CONNECT_TIMEOUT':
    case 'CONNECT_ABORTED':
    case 'CONNECT_FAILED':
    case 'UNREACHABLE':
    case 'TLS_FAILED':
    case 'TOTAL_TIMEOUT':
    case 'ABORTED':
      // Sending again is safe at every step, but only the answer to the rename shows that the recipient sees the file.
      if (
        (progress === 'renaming' || progress === 'appeared') &&
        code !== 'SERVER_FAILURE' &&
        code !== 'FOLDER_FULL'
      )
        return { kind: 'unknown', reason: code, evidence };
      return { kind: 'unavailable', reason: code, maybeReceived: progress !== 'nothing', evidence };
    case 'LEASE_LOST':
      return leaseLost(progress, evidence);
  }
}

/** We broke off before the step that shows the file: bytes under a temporary name show nothing. */
function leaseLost(progress: UploadProgress, evidence: Evidence): Outcome {
  if (progress === 'nothing')
    return { kind: 'unavailable', reason: 'LEASE_LOST', maybeReceived: false, evidence };
  const reason = 'LEASE_LOST_MIDWAY';
  return progress === 'appeared'
    ? { kind: 'unknown', reason, evidence }
    : { kind: 'unavailable', reason, maybeReceived: true, evidence };
}
