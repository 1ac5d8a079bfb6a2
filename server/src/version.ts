/** Version of the server and of its contract. */
export const version = '0.1.0'
