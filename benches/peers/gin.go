// The refresh by gin, golang-jwt and database/sql.
package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt" // version 4, without the path of a module
	_ "github.com/mattn/go-sqlite3"
)

const lifetime = 1800

type asked struct {
	Token string `json:"token" binding:"required"`
}

func main() {
	database, err := sql.Open("sqlite3", "file:"+os.Getenv("DATABASE_FILE")+"?mode=ro&cache=private")
	fail(err)
	find, err := database.Prepare("SELECT is_active FROM users WHERE id = ?")
	fail(err)
	secret := []byte(os.Getenv("JWT_SECRET_KEY"))
	key := func(*jwt.Token) (interface{}, error) { return secret, nil }
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation())

	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/api/auth/refresh", func(context *gin.Context) {
		var body asked
		if context.ShouldBindJSON(&body) != nil {
			context.AbortWithStatus(http.StatusBadRequest)
			return
		}
		claims := jwt.MapClaims{}
		if _, err := parser.ParseWithClaims(body.Token, claims, key); err != nil {
			context.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		id, _ := claims["sub"].(string)
		var active bool
		err := find.QueryRowContext(context.Request.Context(), id).Scan(&active)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			context.AbortWithStatus(http.StatusServiceUnavailable)
			return
		}
		if !active {
			context.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		now := time.Now().Unix()
		claims["iat"], claims["exp"] = now, now+lifetime
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
		if err != nil {
			context.AbortWithStatus(http.StatusServiceUnavailable)
			return
		}
		context.JSON(http.StatusOK, gin.H{"access_token": token, "token_type": "bearer", "expires_in": lifetime})
	})

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	fail(err)
	fail(json.NewEncoder(os.Stderr).Encode(gin.H{
		"message": "listening; gin",
		"address": listener.Addr().String(),
	}))
	fail(engine.RunListener(listener))
}

func fail(err error) {
	if err != nil {
		panic(err)
	}
}
