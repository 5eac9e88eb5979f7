using System.Runtime.InteropServices;
using System.Text;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>The chat formats that llama.cpp knows; it recognises a model's template, it does not run it.</summary>
internal static unsafe class LlamaChatTemplates
{
    /// <summary>Names of the built-in formats.</summary>
    internal static IReadOnlyList<string> Names
    {
        get
        {
            var count = llama_chat_builtin_templates(null, 0);
            var names = stackalloc byte*[count];
            _ = llama_chat_builtin_templates(names, (nuint)count);
            var result = new string[count];
            for (var i = 0; i < count; i++)
                result[i] = Marshal.PtrToStringUTF8((nint)names[i])!;
            return result;
        }
    }

    /// <summary>The conversation as text, or null when the template is not one that llama.cpp recognises.</summary>
    /// <param name="template">A built-in name, or the text of a model's template.</param>
    /// <param name="messages">Roles and contents.</param>
    /// <param name="addAssistant">End with the start of an assistant's message.</param>
    internal static string? Apply(string template, IReadOnlyList<(string Role, string Content)> messages, bool addAssistant)
    {
        ArgumentNullException.ThrowIfNull(template);
        using var memory = new NativeScope();
        var natives = memory.Copy<LlamaChatMessage>([.. messages.Select(message => Native(message, memory))]);
        var buffer = new byte[256 + messages.Sum(message => 2 * (message.Role.Length + message.Content.Length))];
        var length = Apply(buffer);
        if (length < 0)
            return null;
        if (length > buffer.Length)
        {
            buffer = new byte[length];
            length = Apply(buffer);
        }
        return Encoding.UTF8.GetString(buffer, 0, length);

        int Apply(byte[] into) =>
            llama_chat_apply_template(template, natives, (nuint)messages.Count, addAssistant, into, into.Length);
    }

    private static LlamaChatMessage Native((string Role, string Content) message, NativeScope memory) => new()
    {
        role = memory.Copy<byte>(Encoding.UTF8.GetBytes(message.Role + '\0')),
        content = memory.Copy<byte>(Encoding.UTF8.GetBytes(message.Content + '\0')),
    };
}
