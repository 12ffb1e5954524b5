-- Laravel 12 on MariaDB: the table of its first migration (create_users_table), and a column that
-- teams add.
CREATE TABLE `users` (
    `id` bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `name` varchar(255) NOT NULL,
    `email` varchar(255) NOT NULL,
    `email_verified_at` timestamp NULL,
    `password` varchar(255) NOT NULL,
    `remember_token` varchar(100) NULL,
    `created_at` timestamp NULL,
    `updated_at` timestamp NULL,
    `status` varchar(255) NOT NULL DEFAULT 'active',
    UNIQUE `users_email_unique` (`email`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE 'utf8mb4_unicode_ci';

INSERT INTO `users` (`name`, `email`, `password`, `status`) VALUES
    ('Alice', 'alice@example.com', '', 'active'),
    ('Bob', 'bob@example.com', '', 'suspended');
