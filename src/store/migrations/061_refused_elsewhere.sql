-- A refusal holds for the older grants of its address as a withdrawal does: leads that hold one are found the same way.
UPDATE prospects FORCE INDEX (PRIMARY) SET withdrawn = 1
 WHERE withdrawn = 0 AND lead_id IN (SELECT c.lead_id FROM consents c WHERE c.state = 'refused');
