output "address" {
  description = "What tills open."
  value       = "https://${var.domain}"
}

output "record_to_make" {
  description = "Without zone_id: the record that makes the address lead to the machine."
  value       = var.zone_id == null ? "${var.domain}. A ${aws_eip.box.public_ip}" : null
}

output "buckets" {
  description = "For pictures and for backups."
  value       = { for name, bucket in aws_s3_bucket.this : name => bucket.bucket }
}

output "next_step" {
  description = "What to do once the machine is up, some ten minutes after."
  value       = <<-END
    aws ssm start-session --region ${var.region} --target ${aws_instance.box.id}
    sudo smoocho init
    sudo smoocho backup schedule "0 3 * * *" --to s3://${aws_s3_bucket.this["backups"].bucket}/smoocho
  END
}
