resource "google_service_account" "box" {
  account_id   = "${var.name}-box"
  display_name = "The machine of Smoocho: reads its secret"
}

# Apart from the machine's: whoever has the key of the buckets has nothing else.
resource "google_service_account" "buckets" {
  account_id   = "${var.name}-buckets"
  display_name = "Pictures and backups of Smoocho"
}

resource "google_storage_bucket_iam_member" "objects" {
  for_each = google_storage_bucket.this
  bucket   = each.value.name
  role     = "roles/storage.objectUser"
  member   = google_service_account.buckets.member
}

# Whether the bucket is there (storage.buckets.get) is no right of objects.
resource "google_storage_bucket_iam_member" "bucket" {
  for_each = google_storage_bucket.this
  bucket   = each.value.name
  role     = "roles/storage.legacyBucketReader"
  member   = google_service_account.buckets.member
}

# Access key and secret for Cloud Storage's S3 dialect.
resource "google_storage_hmac_key" "buckets" {
  service_account_email = google_service_account.buckets.email
}

# Wraps all keys of the installation: with it, a new machine goes on with the same database.
resource "random_bytes" "master_key" {
  length = 32
}

locals {
  # The certificate has the instance's name and not its address, so that its authority is what is verified; that signs for this
  # instance alone. The driver's own reading of verify-ca asks for the name, too, without uselibpqcompat.
  database_query = "uselibpqcompat=true&sslmode=verify-ca&sslrootcert=/etc/smoocho/ca/database.pem"
}

resource "google_secret_manager_secret" "this" {
  secret_id = var.name
  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }
  depends_on = [google_project_service.this]
}

resource "google_secret_manager_secret_version" "this" {
  secret = google_secret_manager_secret.this.id
  secret_data = jsonencode({
    database_url  = "postgres://smoocho:${random_password.database.result}@${google_sql_database_instance.this.private_ip_address}:5432/smoocho?${local.database_query}"
    master_key    = random_bytes.master_key.base64
    s3_access_key = google_storage_hmac_key.buckets.access_id
    s3_secret_key = google_storage_hmac_key.buckets.secret
  })
}

resource "google_secret_manager_secret_iam_member" "box" {
  secret_id = google_secret_manager_secret.this.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.box.member
}
