variable "state_passphrase" {
  description = "Encrypts the state and plans. Keep it where the owner's recovery key is kept."
  type        = string
  sensitive   = true
  validation {
    condition     = length(var.state_passphrase) >= 16
    error_message = "state_passphrase must have 16 characters or more."
  }
}

variable "name" {
  description = "Goes before the names of all that is made."
  type        = string
  default     = "smoocho"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "region" {
  description = "Such as ap-south-1; near the shop."
  type        = string
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of a region, such as ap-south-1."
  }
}

variable "source_address" {
  description = "Where the machine gets Smoocho's source from: an https git address and, behind #, a tag or commit."
  type        = string
  validation {
    condition     = can(regex("^https://[^\\s#]+#[A-Za-z0-9._-]+$", var.source_address))
    error_message = "source_address must be like https://git.example.com/smoocho.git#v0.1.0."
  }
}

variable "domain" {
  description = "The name that tills open, such as pos.kulfi.example."
  type        = string
  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be a name such as pos.kulfi.example."
  }
}

variable "zone_id" {
  description = "The public Route 53 zone that domain is in. Null: its records are made by hand, and there is no CloudFront."
  type        = string
  default     = null
}

variable "cloudfront" {
  description = "Whether CloudFront stands before the machine. It needs zone_id."
  type        = bool
  default     = true
}

variable "instance_type" {
  description = "Class of the machine; with processors by ARM (t4g) or x86 (t3)."
  type        = string
  default     = "t4g.small"
  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type must be a class such as t4g.small."
  }
}

variable "database_class" {
  description = "Class of the database."
  type        = string
  default     = "db.t4g.micro"
  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.database_class))
    error_message = "database_class must be a class such as db.t4g.micro."
  }
}

variable "database_standby" {
  description = "A second database in another zone, which takes over by itself (Multi-AZ). Doubles its price."
  type        = bool
  default     = false
}

variable "database_gigabytes" {
  description = "Disk of the database at first; it grows by itself to four times as much."
  type        = number
  default     = 20
  validation {
    condition     = var.database_gigabytes >= 20 && floor(var.database_gigabytes) == var.database_gigabytes
    error_message = "database_gigabytes must be a whole number from 20 up."
  }
}

variable "point_in_time_days" {
  description = "For so many days back the database can be restored to any second."
  type        = number
  default     = 14
  validation {
    condition     = var.point_in_time_days >= 7 && var.point_in_time_days <= 35
    error_message = "point_in_time_days must be 7 to 35."
  }
}

variable "backup_lock_days" {
  description = "For so many days nobody can delete a backup, save an administrator who lifts its lock."
  type        = number
  default     = 30
  validation {
    condition     = var.backup_lock_days >= 1 && var.backup_lock_days <= 365
    error_message = "backup_lock_days must be 1 to 365."
  }
}
