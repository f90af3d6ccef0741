"""Problems: what the API answers when it says no. `catalogue` lists the codes, `answers` builds RFC 9457 bodies."""
