/** `user.id` of a user: the 16 bytes of the internal id. It says nothing, and never changes. */
export const userHandle = (userId: string): Buffer<ArrayBuffer> => Buffer.from(userId.replaceAll('-', ''), 'hex')
