import './workers.js';
import { createRoot } from 'react-dom/client';
import { Explorer } from './explorer.jsx';
import './page.css';

createRoot(document.getElementById('explorer')).render(<Explorer />);
