// Example usage
async function refreshToken(expiredToken) {
  const response = await fetch('/api/auth/refresh', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: expiredToken })
  });
  
  if (response.ok) {
    const data = await response.json();
    // Store new token and continue
    return data.access_token;
  } else {
    // Redirect to login
    throw new Error('Token refresh failed');
  }
}
