using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_chat_message</c>: null-terminated UTF-8 role and content.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaChatMessage
{
    public byte* role;
    public byte* content;
}
