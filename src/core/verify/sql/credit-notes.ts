/**
 * The credit notes of the orders of shop `$1`, each with its place among those of its order: by number, not by time, which a
 * clock that is put back turns round. Numbers of different series don't sort; those go by their first note.
 */
export const CREDIT_NOTES = `
  SELECT note.*, row_number() OVER (
    PARTITION BY order_id ORDER BY series_from, length(credit_note_number), credit_note_number) AS place
  FROM (
    SELECT r.*, min(created_at) OVER (PARTITION BY order_id, split_part(credit_note_number, '/', 2)) AS series_from
    FROM refunds r WHERE shop_id = $1 AND order_id IS NOT NULL
  ) note`;
