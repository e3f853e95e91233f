// Recognises temporary errors of the database, for messages to people and their advice to retry.
import { isStoreTrouble } from '../store/database.ts';

/** It is away, read-only or full, a lock is busy too long, or an account lacks a right: a later try may pass. */
export const isDatabaseTrouble = (error: unknown): boolean => isStoreTrouble(error);
