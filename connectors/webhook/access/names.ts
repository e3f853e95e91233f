// How HTTP writes the name of a header.
export const headerName = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$";
