// The mail's link has the token behind `#`: it goes into the form, and out of the address bar and the history.
const field = document.getElementById('token')
const token = new URLSearchParams(location.hash.slice(1)).get('token')
if (token) {
  field.value = token
  field.readOnly = true
  history.replaceState(null, '', location.pathname)
}
