-- Schema 5 of the embedded journal: reasons and the flag under their present names. History keeps the
-- names that it was written with.
UPDATE cancellation SET reason = CASE reason
    WHEN 'line-closed' THEN 'already-closed'
    WHEN 'erp-silent' THEN 'erp-timeout'
    WHEN 'sending-unanswered' THEN 'outcome-unknown'
    WHEN 'payments-short' THEN 'payment-shortfall'
END
WHERE reason IN ('line-closed', 'erp-silent', 'sending-unanswered', 'payments-short');
UPDATE flag SET text = 'order-total-mismatch' || substr(text, 16)
WHERE text = 'does-not-add-up' OR text LIKE 'does-not-add-up:%';
