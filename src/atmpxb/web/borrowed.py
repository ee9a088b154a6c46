"""Sentences of the sign-in library that our pages show, so that our catalogues can say them in our words.

The library's Dutch says *je*; this product says *u*. Django takes the translation of the application that
is listed first, so ``atmpxb.web`` stands before ``allauth`` in the settings.
"""

from django.utils.translation import gettext_noop as _

SENTENCES = (
    _("Authenticator code"),
    _("Be patient, you are sending too many requests."),
    _("Code"),
    _("Current Password"),
    _("Email"),
    _("Email address"),
    _("Enter your password:"),
    _("Forgot your password?"),
    _("Incorrect code."),
    _("Incorrect password."),
    _("Invalid login."),
    _("Invalid or expired key."),
    _("New Password"),
    _("New Password (again)"),
    _("Password"),
    _("Password (again)"),
    _("Password successfully changed."),
    _("Please type your current password."),
    _("Remember Me"),
    _("Successfully signed in as %(name)s."),
    _("The email address and/or password you specified are not correct."),
    _("The password reset token was invalid."),
    _("This account is currently inactive."),
    _("Too many failed login attempts. Try again later."),
    _("Use authenticator app or code"),
    _("Use your password"),
    _("You cannot activate two-factor authentication until you have verified your email address."),
    _("You have signed out."),
    _("You must type the same password each time."),
)
