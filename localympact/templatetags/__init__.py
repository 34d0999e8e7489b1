"""What templates can say beside what Django gives them."""
