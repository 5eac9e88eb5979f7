using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>The built-in chat templates.</summary>
internal static unsafe partial class Llama
{
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int llama_chat_apply_template(
        string? tmpl, LlamaChatMessage* chat, nuint n_msg, [MarshalAs(UnmanagedType.U1)] bool add_ass, Span<byte> buf,
        int length);

    [LibraryImport(Library)]
    internal static partial int llama_chat_builtin_templates(byte** output, nuint len);
}
