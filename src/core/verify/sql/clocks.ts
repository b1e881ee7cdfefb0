/** Allowed clock difference between two servers of one shop: an order of times within it says nothing. */
export const CLOCKS = "interval '1 minute'";
