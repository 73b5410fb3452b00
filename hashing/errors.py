"""What can go wrong on the device.

    DeviceError
    ├── ContentError             this one file was not hashed; the others go on
    │   ├── Unreadable           missing, a folder, or no permission
    │   ├── EmptyFile
    │   ├── UnknownFormat        not one of the formats we read, whatever its name says
    │   ├── UnsupportedFormat    one that we know, and do not read
    │   ├── TooManyBytes
    │   ├── TooManyPixels        decompression bombs end here
    │   ├── TooSmall
    │   ├── TooNarrow            one side is far longer than the other
    │   ├── TooLong              a video beyond the longest we sample
    │   ├── Damaged              truncated, corrupt, or hostile
    │   ├── SoundAlone           no picture in it but perhaps a cover
    │   ├── Encrypted            frames that only a licensed player can decode
    │   ├── UnknownCodec         a container we read, with a codec that we do not
    │   ├── TooPlain             no signal passed its quality bar
    │   ├── VideoSupportMissing  PyAV or OpenCV, the `video` extra, is not installed
    │   ├── ViewSupportMissing   the same, for views of a picture
    │   └── DecoderCrashed       the decoder died or hung; only its own process did
    ├── InvalidSignal            text that is not a signal
    ├── InvalidPassphrase        a word that is not on the list, or too few of them
    ├── InvalidLabel             too long for a label, or empty
    ├── InvalidSubmission        more entries, frames or text than a case may hold
    ├── InvalidEvidence          a record, a chain or a document of evidence that is not in its form
    ├── NotOpened                sealed with another key, or changed since
    ├── InvalidStamp             a time stamp that does not attest what it should
    ├── FileChanged              while it was sent
    ├── NoPack                   a file that is no pack of evidence, whatever its name says
    ├── DocumentSupportMissing   fpdf2, the `documents` extra, is not installed
    ├── NoAnswer                 a question to whoever runs this, and nobody is there
    ├── LetterNotPrinted         no PDF: no library, no font, or a file that cannot be read or made
    ├── OutputLost               what was to be printed could not be written
    └── ServiceError             the service did not do what was asked
        ├── Unreachable          no answer, or none that says anything
        │   ├── NameNotFound     these six: nothing was sent
        │   ├── Offline
        │   ├── NotListening
        │   ├── NotSecure        no TLS, or no certificate that holds for this address
        │   ├── ProxyFailed
        │   ├── TimedOut         this, and the next: it may have acted
        │   ├── BrokenOff
        │   └── NotTakeback      an answer that no Takeback service gives
        ├── InsecureAddress      plain http to anything but this machine
        ├── InvalidAddress       no address of a service
        ├── InvalidKey           no key of a platform
        ├── Overpriced           the service asks for more proof of work than any needs
        └── Refused              the service answered with a problem (RFC 9457)

The docstring of a class is its default message: what happened, and what to do next.
"""

from __future__ import annotations

import inspect
import re
from typing import Any, Self


class DeviceError(Exception):
    """Something went wrong on this device."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)))

    @property
    def code(self) -> str:
        """Stable snake_case name of the kind of error, for programs."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class ContentError(DeviceError):
    """This file could not be hashed."""


class Unreadable(ContentError):
    """The file could not be opened. Check that it exists and that you may read it."""


class EmptyFile(ContentError):
    """The file is empty. Save or download it again."""


class UnknownFormat(ContentError):
    """This is not a picture or video we can read. Save it as JPEG, PNG or MP4 and try again."""


class UnsupportedFormat(ContentError):
    """We cannot read this format. Save it as JPEG, PNG or MP4 and try again."""

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the error that says which format it is: `name` as in "a JPEG XL picture"."""
        return cls(
            f"This is {name}, which we cannot read. Save it as JPEG, PNG or MP4 and try again."
        )


class TooManyBytes(ContentError):
    """The file is larger than we read. Export a smaller copy and hash that."""


class TooManyPixels(ContentError):
    """The picture has more pixels than we decode. Export a smaller copy and hash that."""


class TooSmall(ContentError):
    """The picture is too small to be recognised. Use the largest copy you have."""


class TooNarrow(ContentError):
    """One side is far longer than the other. Crop to the part that matters and try again."""


class TooLong(ContentError):
    """The video is longer than we sample. Cut it into shorter parts and hash each."""


class Damaged(ContentError):
    """The file is damaged or incomplete. Save or download it again, or use another copy."""


class SoundAlone(ContentError):
    """There is only sound in this file, no picture. Choose the file that shows something."""


class Encrypted(ContentError):
    """The video is encrypted, so we cannot read it. Use a copy without protection, or record it."""


class UnknownCodec(ContentError):
    """We cannot read the codec of this video. Convert it to MP4 with H.264 and try again."""


class TooPlain(ContentError):
    """There is too little detail to tell this from other content. Use a clearer copy."""


class VideoSupportMissing(ContentError):
    """Videos need two more packages. Install them: pip install av opencv-python-headless."""


class ViewSupportMissing(ContentError):
    """Views need one more package: pip install opencv-python-headless. Or use --profile plain."""


class DecoderCrashed(ContentError):
    """Decoding this file crashed or took too long, so it was skipped. Use another copy."""


class InvalidSignal(DeviceError):
    """This is not a signal we know."""


class InvalidPassphrase(DeviceError):
    """That is not one of our passphrases. Check each word against the one you wrote down."""


class InvalidLabel(DeviceError):
    """A label has 1 to 60 characters. Use fewer words."""


class InvalidSubmission(DeviceError):
    """This does not fit into one submission."""


class InvalidEvidence(DeviceError):
    """This is not in the form of evidence."""


class NotOpened(DeviceError):
    """This was sealed with another key, or was changed since. It cannot be opened."""


class InvalidStamp(DeviceError):
    """This time stamp does not attest what it should."""


class FileChanged(DeviceError):
    """The file was changed while it was sent. Close what writes to it, and start again."""


class NoPack(DeviceError):
    """This is not a pack of evidence: not a zip, or one without a manifest."""


class DocumentSupportMissing(DeviceError):
    """PDF needs one more package: pip install fpdf2. The text files say the same without it."""


class NoAnswer(DeviceError):
    """This asks a question, and there is nobody to answer it. Give the answer as an option."""


class LetterNotPrinted(DeviceError):
    """The PDF could not be written. Choose another place."""


class OutputLost(DeviceError):
    """The output could not be written, so this ended here. Perhaps the disk is full."""


class ServiceError(DeviceError):
    """The service could not do this."""


class Unreachable(ServiceError):
    """The service could not be reached. Check the address, and that you are online."""


class NameNotFound(Unreachable):
    """There is no server of this name, so nothing was sent. Check the address."""


class Offline(Unreachable):
    """This address cannot be reached from here, so nothing was sent. Check that you are online."""


class NotListening(Unreachable):
    """Nothing answers at this address, so nothing was sent. Check it, or try again later."""


class NotSecure(Unreachable):
    """This server does not answer securely (TLS), so nothing was sent. Check the address."""


class ProxyFailed(Unreachable):
    """Your proxy did not connect us, so nothing was sent. Check https_proxy: it must be http://."""


class TimedOut(Unreachable):
    """The service took too long to answer. Try again: nothing is done twice."""


class BrokenOff(Unreachable):
    """The connection ended before the answer did. Try again: nothing is done twice."""


class NotTakeback(Unreachable):
    """The answer did not come from a Takeback service. Check the address."""


class InsecureAddress(ServiceError):
    """The address must begin with https://, so that nobody on the way can read what is sent."""


class InvalidAddress(ServiceError):
    """This is not the address of a service. It looks like this: https://takeback.example."""


class InvalidKey(ServiceError):
    """This key has characters that no key has. Copy it again, and nothing around it."""


class Overpriced(ServiceError):
    """The service asks for more computing than any service needs. Check its address."""


class Refused(ServiceError):
    """The service refused this."""

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int = 0,
        problem: str = "",
        document: dict[str, Any] | None = None,
        faults: tuple[str, ...] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """Of HTTP."""
        self.problem = problem
        """The `type` of the problem document: `takeback:problem:NAME`, never changing."""
        self.document = document or {}
        """The whole problem document, as it came."""
        self.faults = faults
        """Which fields of the request are wrong, and how. They are in the message, too."""
        self.retry_after = retry_after
        """After how many seconds to try again, if the service says so."""

    @property
    def title(self) -> str:
        """The `title` of the problem document."""
        return str(self.document.get("title", ""))

    @property
    def detail(self) -> str:
        """The `detail` of the problem document: what happened and what to do next."""
        return str(self.document.get("detail", ""))
