-- One line of what waits for its seal stands for the entries that one statement wrote: the id is the first one's, and the signatures of
-- the entries that follow each other stand behind each other, 32 bytes each. A line for each entry was written, read and deleted again.
ALTER TABLE handovers_unsealed MODIFY mac BLOB NOT NULL;
