curl -X POST \
  http://localhost:3000/api/auth/refresh \
  -H 'Content-Type: application/json' \
  --cookie "refresh_token=your_refresh_token_here"
