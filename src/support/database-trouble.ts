// Whether an error is the database's own for a while: what people read of it, and whether they may try again.
import { isStoreTrouble } from '../store/database.ts';

/** It is away, read-only or full, a lock is held too long, or an account lacks a right: the same may pass later. */
export const isDatabaseTrouble = (error: unknown): boolean => isStoreTrouble(error);
